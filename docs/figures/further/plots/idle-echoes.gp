# gnuplot -d 'docs/figures/further/plots/idle-echoes.gp', from the top of the suite's tree, draws this again
base = 'docs/figures/further/plots/idle-echoes'
n = 8
names = '"epoll" "epoll/edge" "epoll/loops" "epoll/uring" "epoll/coroutine_server" "select/poll" "forking/prefork" "threading/pool" '
longest = 22
styles = '1 2 3 4 5 6 7 8 '
shown = '1 2 3 4 5 6 7 8 '
heights = "0.830 0.575 0.745 1.000 0.915 0.151 0.490 0.660"
name = "Echoes a second beside idle connections"
question = "What do silent clients cost the active ones?"
y_name = "round trips a second"
crossed = 1
x_name = "idle connections beside 10 active ones (pinned)"
set yrange [19389.9122:510574.772]
set format y "%.0s%c"
set logscale y
set xrange [24.5:10200]
ticks = 'set xtics ("0" 25, "100" 100, "1000" 1000, "10k" 10000)'
phone_ticks = 'set xtics ("0" 25, "100" 100, "1000" 1000, "10k" 10000)'
set logscale x
load "bench/plots/lines.gp"
