# gnuplot -d 'docs/figures/models/plots/syscalls-calls-traced.gp', from the top of the suite's tree, draws this again
base = 'docs/figures/models/plots/syscalls-calls-traced'
n = 5
names = '"recvfrom" "sendto" "poll" "epoll_wait" "pselect6" '
longest = 10
styles = '1 2 3 4 5 '
shown = '1 2 3 4 5 '
bars = '"iterative" "forking" "threading" "timeout_poll" "select" "epoll" '
longest_bar = 12
heights = "0.000 0.200 0.400 0.600 0.800"
name = "System calls per echo, 10 clients"
question = "What does the kernel have to do for an echo?"
y_name = "system calls per echo"
crossed = 0
x_name = "pinned: server and generator have a core each"
set yrange [0:4]
set format y "%g"
set ytics 1
load "bench/plots/stacked.gp"
