# gnuplot -d 'docs/figures/further/plots/clients-echoes.gp', from the top of the suite's tree, draws this again
base = 'docs/figures/further/plots/clients-echoes'
n = 8
rows = 5
longest = 4
said = 11
ratio = 0
logarithmic = 0
name = "Echoes a second as clients grow"
question = "How do throughput and latency change as clients grow?"
y_name = "round trips a second"
x_name = "clients, each waiting for its echo (pinned)"
scale = 1000
unit = "%gk"
set logscale x
load "bench/plots/lines.gp"
