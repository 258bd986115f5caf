# gnuplot -d 'docs/figures/further/plots/clients-cpu.gp', from the top of the suite's tree, draws this again
base = 'docs/figures/further/plots/clients-cpu'
n = 8
rows = 5
longest = 4
said = 11
ratio = 0
logarithmic = 0
name = "Server CPU per echo as clients grow"
question = "How do throughput and latency change as clients grow?"
y_name = "server CPU per echo"
x_name = "clients, each waiting for its echo (pinned)"
scale = 1e-06
unit = "%g us"
set logscale x
load "bench/plots/lines.gp"
