# A curve for each name: median, whiskers from the least to the greatest, a
# cross where clients went unserved or failed. Computes nothing: ranges,
# ticks and the places of labels come with the figures (see bench/plot.h).
load "bench/plots/style.gp"

do for [t = 1:4] {
    eval "set terminal " . terminal[t]
    set output base . "." . ending[t]
    set rmargin longest + (dumb(t) ? 7 : 4)
    eval heading(t)
    do for [i = 1:n] {
        set label i word(names, i) at graph 1.04, graph word(heights, i) + 0 \
            left point lt style(i) ps marker[t] offset 1, 0
    }
    if (dumb(t)) {
        unset grid
        plot for [i = 1:n] data index i - 1 using 1:2 \
            with linespoints lt style(i)
    } else {
        plot for [i = 1:n] data index i - 1 using 1:2 \
                with lines lt style(i), \
            for [i = 1:n] data index i - 1 using 1:2:3:4 \
                with yerrorbars lt style(i) dt solid ps marker[t], \
            for [i = 1:n] data index i - 1 using 1:2:($5 * 2 * marker[t]) \
                with points pt 2 ps variable lw 2.5 lc rgb "black", \
            for [i = 1:n] data index i - 1 using 1:2:8 \
                with labels hypertext point pt 7 ps 2 lc rgb "#ff000000"
    }
    unset output
}
