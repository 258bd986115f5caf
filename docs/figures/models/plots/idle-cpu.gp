# gnuplot -d 'docs/figures/models/plots/idle-cpu.gp', from the top of the suite's tree, draws this again
base = 'docs/figures/models/plots/idle-cpu'
n = 6
names = '"iterative" "forking" "threading" "timeout_poll" "select" "epoll" '
longest = 12
styles = '1 2 3 4 5 6 '
shown = '1 2 3 4 5 6 '
heights = "0.926 0.565 0.395 0.480 0.841 0.234"
name = "Server CPU per echo beside idle connections"
question = "What do silent clients cost the active ones?"
y_name = "server CPU per echo"
crossed = 1
x_name = "idle connections beside 10 active ones (pinned)"
set yrange [1.93899122e-06:5.10574772e-05]
set format y "%.0s %cs"
set logscale y
set xrange [24.5:10200]
ticks = 'set xtics ("0" 25, "100" 100, "1000" 1000, "10k" 10000)'
phone_ticks = 'set xtics ("0" 25, "100" 100, "1000" 1000, "10k" 10000)'
set logscale x
load "bench/plots/lines.gp"
