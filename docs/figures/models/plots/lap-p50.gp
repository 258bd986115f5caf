# gnuplot -d 'docs/figures/models/plots/lap-p50.gp', from the top of the suite's tree, draws this again
base = 'docs/figures/models/plots/lap-p50'
n = 2
rows = 4
longest = 2
said = 0
ratio = 0
logarithmic = 0
name = "Median latency of one client: a lap"
question = "How long is a lap of timeout_poll?"
y_name = "median latency"
x_name = "listening sockets that nobody comes to, one client (pinned)"
scale = 0.001
unit = "%g ms"
load "bench/plots/lines.gp"
