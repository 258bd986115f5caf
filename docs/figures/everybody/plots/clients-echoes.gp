# gnuplot -d 'docs/figures/everybody/plots/clients-echoes.gp', from the top of the suite's tree, draws this again
base = 'docs/figures/everybody/plots/clients-echoes'
n = 23
names = '"iterative" "forking" "forking/prefork" "threading" "threading/pool" "timeout_poll" "select" "select/poll" "epoll" "epoll/coroutine_server" "epoll/edge" "epoll/loops" "epoll/offload" "epoll/uring" "bare" "libev" "libevent" "libuv" "python_forking" "python_protocol" "python_selectors" "python_streams" "python_threading" '
longest = 22
styles = '1 2 3 4 5 6 7 8 1 2 3 4 5 6 7 8 1 2 3 4 5 6 7 '
shown = '1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 '
heights = "0.028 0.158 0.593 0.202 0.550 0.984 0.941 0.897 0.680 0.506 0.854 0.723 0.245 0.810 0.767 0.636 0.376 0.419 0.332 0.071 0.463 0.115 0.289"
name = "Echoes a second as clients grow"
question = "How do throughput and latency change as clients grow?"
y_name = "round trips a second"
crossed = 1
x_name = "clients, each waiting for its echo (pinned)"
set yrange [0:400000]
set format y "%.0s%c"
set ytics 100000
set xrange [0.98:4080]
ticks = 'set xtics ("1" 1, "10" 10, "50" 50, "200" 200, "1000" 1000, "4000" 4000)'
phone_ticks = 'set xtics ("1" 1, "10" 10, "200" 200, "4000" 4000)'
set logscale x
load "bench/plots/lines.gp"
