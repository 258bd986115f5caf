# gnuplot -d 'docs/figures/models/plots/idle-cpu.gp', from the top of the suite's tree, draws this again
base = 'docs/figures/models/plots/idle-cpu'
n = 6
rows = 2
longest = 4
said = 7
ratio = 0
logarithmic = 1
name = "Server CPU per echo beside idle connections"
question = "What do silent clients cost the active ones?"
y_name = "server CPU per echo"
x_name = "idle connections beside 10 active ones (pinned)"
scale = 1
unit = "%.0s %cs"
set logscale x
load "bench/plots/lines.gp"
