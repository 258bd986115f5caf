# A bar for each name, with a whisker from the least to the greatest, a cross
# where clients went unserved or failed. Computes nothing, like lines.gp.
load "bench/plots/style.gp"
set style fill solid 0.85 border
set boxwidth 0.7
set xrange [0.4:n + 0.6]

do for [t = 1:4] {
    eval "set terminal " . terminal[t]
    set output base . "." . ending[t]
    eval heading(t)
    eval name_bars(t, n, 0)
    do for [i = 1:n] {
        set xtics add (bar_name(t, i) i)
    }
    if (dumb(t)) {
        unset grid
        plot for [i = 1:n] data index i - 1 using 1:2 with boxes lt style(i)
    } else {
        plot for [i = 1:n] data index i - 1 using 1:2:3:4:(0.7) \
                with boxerrorbars lt style(i) dt solid, \
            for [i = 1:n] data index i - 1 using 1:2:($5 * 2 * marker[t]) \
                with points pt 2 ps variable lw 2.5 lc rgb "black", \
            for [i = 1:n] data index i - 1 using 1:2:8 \
                with labels hypertext point pt 5 ps 5 lc rgb "#ff000000"
    }
    unset output
}
