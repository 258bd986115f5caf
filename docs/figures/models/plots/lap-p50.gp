# gnuplot -d 'docs/figures/models/plots/lap-p50.gp', from the top of the suite's tree, draws this again
base = 'docs/figures/models/plots/lap-p50'
n = 4
names = '"1 ms turns" "1 ms predicted" "5 ms turns" "5 ms predicted" '
longest = 14
styles = '1 9 3 9 '
shown = '1 2 3 4 '
heights = "0.245 0.160 0.885 0.800"
name = "Median latency of one client: a lap"
question = "How long is a lap of timeout_poll?"
y_name = "median latency"
crossed = 0
x_name = "listening sockets that nobody comes to, one client (pinned)"
set yrange [0:0.25]
set format y "%.0s %cs"
set ytics 0.05
set xrange [0.61:40.39]
ticks = 'set xtics ("1" 1, "10" 10, "20" 20, "40" 40)'
phone_ticks = 'set xtics ("1" 1, "10" 10, "20" 20, "40" 40)'
load "bench/plots/lines.gp"
