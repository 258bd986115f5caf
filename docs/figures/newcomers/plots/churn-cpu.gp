# gnuplot -d 'docs/figures/newcomers/plots/churn-cpu.gp', from the top of the suite's tree, draws this again
base = 'docs/figures/newcomers/plots/churn-cpu'
n = 7
rows = 3
longest = 2
said = 0
ratio = 0
logarithmic = 0
name = "Server CPU per connection"
question = "What does a new client cost?"
y_name = "server CPU per connection"
x_name = "connections at once (pinned)"
scale = 1e-06
unit = "%g us"
set logscale x
load "bench/plots/lines.gp"
