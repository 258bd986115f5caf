# gnuplot -d 'docs/figures/models/plots/syscalls-calls-traced.gp', from the top of the suite's tree, draws this again
base = 'docs/figures/models/plots/syscalls-calls-traced'
n = 5
rows = 6
longest = 12
said = 0
ratio = 0
logarithmic = 0
name = "System calls per echo, 10 clients"
question = "What does the kernel have to do for an echo?"
y_name = "system calls per echo"
x_name = "pinned: server and generator have a core each"
scale = 1
unit = "%g"
load "bench/plots/stacked.gp"
