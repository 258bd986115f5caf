# gnuplot -d 'docs/figures/cores/plots/work-echoes-cpu.gp', from the top of the suite's tree, draws this again
base = 'docs/figures/cores/plots/work-echoes-cpu'
n = 4
rows = 4
longest = 3
said = 0
ratio = 0
logarithmic = 1
name = "Echoes a second, computing for each"
question = "When do processes and threads win?"
y_name = "round trips a second"
x_name = "work for each message (ms), 8 clients (free)"
scale = 1
unit = "%.0s%c"
set logscale x
load "bench/plots/lines.gp"
