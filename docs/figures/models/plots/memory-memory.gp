# gnuplot -d 'docs/figures/models/plots/memory-memory.gp', from the top of the suite's tree, draws this again
base = 'docs/figures/models/plots/memory-memory'
n = 5
names = '"forking" "threading" "timeout_poll" "select" "epoll" '
longest = 12
styles = '2 3 4 5 6 '
shown = '1 2 3 4 5 '
heights = "0.876 0.732 0.458 0.104 0.189"
name = "Memory per client"
question = "What memory and how many tasks does a client take?"
y_name = "memory per client"
crossed = 0
x_name = "clients (pinned)"
set yrange [193.899122:110000]
set format y "%.0s %cB"
set logscale y
set xrange [9.8:1020]
ticks = 'set xtics ("10" 10, "100" 100, "1000" 1000)'
phone_ticks = 'set xtics ("10" 10, "100" 100, "1000" 1000)'
set logscale x
load "bench/plots/lines.gp"
