# gnuplot -d 'docs/figures/further/plots/clients-cpu.gp', from the top of the suite's tree, draws this again
base = 'docs/figures/further/plots/clients-cpu'
n = 8
names = '"epoll" "epoll/edge" "epoll/loops" "epoll/uring" "epoll/coroutine_server" "select/poll" "forking/prefork" "threading/pool" '
longest = 22
styles = '1 2 3 4 5 6 7 8 '
shown = '1 2 3 4 5 6 7 8 '
heights = "0.569 0.484 0.654 0.314 0.824 0.399 0.909 0.739"
name = "Server CPU per echo"
question = "How do throughput and latency change as clients grow?"
y_name = "server CPU per echo"
crossed = 1
x_name = "clients, each waiting for its echo (pinned)"
set yrange [1.93899122e-06:5.10574772e-05]
set format y "%.0s %cs"
set logscale y
set xrange [0.98:4080]
ticks = 'set xtics ("1" 1, "10" 10, "50" 50, "200" 200, "1000" 1000, "4000" 4000)'
phone_ticks = 'set xtics ("1" 1, "10" 10, "200" 200, "4000" 4000)'
set logscale x
load "bench/plots/lines.gp"
