# gnuplot -d 'docs/figures/models/plots/churn-cpu.gp', from the top of the suite's tree, draws this again
base = 'docs/figures/models/plots/churn-cpu'
n = 6
names = '"iterative" "forking" "threading" "timeout_poll" "select" "epoll" '
longest = 12
styles = '1 2 3 4 5 6 '
shown = '1 2 3 4 5 6 '
heights = "0.390 0.879 0.492 0.577 0.305 0.220"
name = "Server CPU per connection"
question = "What does a new client cost?"
y_name = "server CPU per connection"
crossed = 0
x_name = "connections at once (pinned)"
set yrange [9e-06:0.000236987816]
set format y "%.0s %cs"
set logscale y
set xrange [0.98:65.28]
ticks = 'set xtics ("1" 1, "16" 16, "64" 64)'
phone_ticks = 'set xtics ("1" 1, "16" 16, "64" 64)'
set logscale x
load "bench/plots/lines.gp"
