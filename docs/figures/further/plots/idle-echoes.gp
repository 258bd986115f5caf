# gnuplot -d 'docs/figures/further/plots/idle-echoes.gp', from the top of the suite's tree, draws this again
base = 'docs/figures/further/plots/idle-echoes'
n = 8
rows = 2
longest = 4
said = 7
ratio = 0
logarithmic = 1
name = "Echoes a second beside idle connections"
question = "What do silent clients cost the active ones?"
y_name = "round trips a second"
x_name = "idle connections beside 10 active ones (pinned)"
scale = 1
unit = "%.0s%c"
set logscale x
load "bench/plots/lines.gp"
