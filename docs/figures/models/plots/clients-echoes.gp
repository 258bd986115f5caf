# gnuplot -d 'docs/figures/models/plots/clients-echoes.gp', from the top of the suite's tree, draws this again
base = 'docs/figures/models/plots/clients-echoes'
n = 6
names = '"iterative" "forking" "threading" "timeout_poll" "select" "epoll" '
longest = 12
styles = '1 2 3 4 5 6 '
shown = '1 2 3 4 5 6 '
heights = "0.026 0.111 0.196 0.607 0.522 0.392"
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
