# gnuplot -d 'docs/figures/models/plots/memory-memory.gp', from the top of the suite's tree, draws this again
base = 'docs/figures/models/plots/memory-memory'
n = 1
rows = 6
longest = 12
said = 7
ratio = 0
logarithmic = 1
name = "Memory that one client more takes"
question = "What memory and how many tasks does a client take?"
y_name = "memory of the server"
x_name = "pinned: server and generator have a core each"
scale = 1
unit = "%.0s %cB"
load "bench/plots/rows.gp"
