# gnuplot -d 'docs/figures/further/plots/clients-echoes.gp', from the top of the suite's tree, draws this again
base = 'docs/figures/further/plots/clients-echoes'
n = 8
names = '"epoll" "epoll/edge" "epoll/loops" "epoll/uring" "epoll/coroutine_server" "select/poll" "forking/prefork" "threading/pool" '
longest = 22
styles = '1 2 3 4 5 6 7 8 '
shown = '1 2 3 4 5 6 7 8 '
heights = "0.675 0.420 0.760 0.845 0.590 0.930 0.335 0.505"
name = "Echoes a second as clients grow"
question = "How do throughput and latency change as clients grow?"
y_name = "round trips a second"
crossed = 1
x_name = "clients, each waiting for its echo (pinned)"
set yrange [0:300000]
set format y "%.0s%c"
set ytics 50000
set xrange [0.98:4080]
ticks = 'set xtics ("1" 1, "10" 10, "50" 50, "200" 200, "1000" 1000, "4000" 4000)'
phone_ticks = 'set xtics ("1" 1, "10" 10, "200" 200, "4000" 4000)'
set logscale x
load "bench/plots/lines.gp"
