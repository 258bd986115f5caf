# gnuplot -d 'docs/figures/cores/plots/work-echoes-cpu.gp', from the top of the suite's tree, draws this again
base = 'docs/figures/cores/plots/work-echoes-cpu'
n = 4
names = '"epoll" "epoll/loops" "epoll/offload" "threading" '
longest = 13
styles = '1 2 3 4 '
shown = '1 2 3 4 '
heights = "0.115 0.370 0.285 0.200"
name = "Echoes a second, computing for each"
question = "When do processes and threads win?"
y_name = "round trips a second"
crossed = 0
x_name = "work for each message (ms), 8 clients (free)"
set yrange [193.899122:510574.772]
set format y "%.0s%c"
set logscale y
set xrange [0.0245:2.04]
ticks = 'set xtics ("0" 0.025, "0.1" 0.1, "0.5" 0.5, "2" 2)'
phone_ticks = 'set xtics ("0" 0.025, "0.1" 0.1, "0.5" 0.5, "2" 2)'
set logscale x
load "bench/plots/lines.gp"
