# gnuplot -d 'docs/figures/everybody/plots/clients-cpu.gp', from the top of the suite's tree, draws this again
base = 'docs/figures/everybody/plots/clients-cpu'
n = 23
names = '"iterative" "forking" "forking/prefork" "threading" "threading/pool" "timeout_poll" "select" "select/poll" "epoll" "epoll/coroutine_server" "epoll/edge" "epoll/loops" "epoll/offload" "epoll/uring" "bare" "libev" "libevent" "libuv" "python_forking" "python_protocol" "python_selectors" "python_streams" "python_threading" '
longest = 22
styles = '1 2 3 4 5 6 7 8 1 2 3 4 5 6 7 8 1 2 3 4 5 6 7 '
shown = '1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 '
heights = "0.957 0.696 0.435 0.870 0.478 0.043 0.304 0.391 0.261 0.522 0.087 0.174 0.783 0.130 0.217 0.348 0.739 0.652 0.565 1.000 0.609 0.913 0.826"
name = "Server CPU per echo"
question = "How do throughput and latency change as clients grow?"
y_name = "server CPU per echo"
crossed = 1
x_name = "clients, each waiting for its echo (pinned)"
set yrange [1.93899122e-06:0.00011]
set format y "%.0s %cs"
set logscale y
set xrange [0.98:4080]
ticks = 'set xtics ("1" 1, "10" 10, "50" 50, "200" 200, "1000" 1000, "4000" 4000)'
phone_ticks = 'set xtics ("1" 1, "10" 10, "200" 200, "4000" 4000)'
set logscale x
load "bench/plots/lines.gp"
