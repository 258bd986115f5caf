# gnuplot -d 'docs/figures/models/plots/work-echoes-cpu.gp', from the top of the suite's tree, draws this again
base = 'docs/figures/models/plots/work-echoes-cpu'
n = 6
names = '"iterative" "forking" "threading" "timeout_poll" "select" "epoll" '
longest = 12
styles = '1 2 3 4 5 6 '
shown = '1 2 3 4 5 6 '
heights = "0.189 0.529 0.444 0.104 0.274 0.359"
name = "Echoes a second, computing for each"
question = "When do processes and threads win?"
y_name = "round trips a second"
crossed = 1
x_name = "work for each message (ms), 8 clients (free)"
set yrange [193.899122:510574.772]
set format y "%.0s%c"
set logscale y
set xrange [0.0245:2.04]
ticks = 'set xtics ("0" 0.025, "0.1" 0.1, "0.5" 0.5, "2" 2)'
phone_ticks = 'set xtics ("0" 0.025, "0.1" 0.1, "0.5" 0.5, "2" 2)'
set logscale x
load "bench/plots/lines.gp"
