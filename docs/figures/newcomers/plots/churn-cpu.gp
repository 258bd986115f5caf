# gnuplot -d 'docs/figures/newcomers/plots/churn-cpu.gp', from the top of the suite's tree, draws this again
base = 'docs/figures/newcomers/plots/churn-cpu'
n = 7
names = '"iterative" "forking" "forking/prefork" "threading" "threading/pool" "epoll" "bare" '
longest = 15
styles = '1 2 3 4 5 6 7 '
shown = '1 2 3 4 5 6 7 '
heights = "0.533 0.869 0.193 0.618 0.448 0.363 0.278"
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
