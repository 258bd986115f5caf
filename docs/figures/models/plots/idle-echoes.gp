# gnuplot -d 'docs/figures/models/plots/idle-echoes.gp', from the top of the suite's tree, draws this again
base = 'docs/figures/models/plots/idle-echoes'
n = 6
names = '"iterative" "forking" "threading" "timeout_poll" "select" "epoll" '
longest = 12
styles = '1 2 3 4 5 6 '
shown = '1 2 3 4 5 6 '
heights = "0.237 0.646 0.731 0.152 0.429 0.824"
name = "Echoes a second beside idle connections"
question = "What do silent clients cost the active ones?"
y_name = "round trips a second"
crossed = 1
x_name = "idle connections beside 10 active ones (pinned)"
set yrange [4177.42995:510574.772]
set format y "%.0s%c"
set logscale y
set xrange [24.5:10200]
ticks = 'set xtics ("0" 25, "100" 100, "1000" 1000, "10k" 10000)'
phone_ticks = 'set xtics ("0" 25, "100" 100, "1000" 1000, "10k" 10000)'
set logscale x
load "bench/plots/lines.gp"
