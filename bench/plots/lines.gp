# A curve for each name: median, whiskers from the least to the greatest, a
# cross where clients went unserved or failed. Computes nothing: ranges,
# ticks and the places of labels come with the figures (see bench/page/plot.h).
load "bench/plots/style.gp"

marked = ""
do for [k = 1:words(shown)] {
    if (!predicted(nth(shown, k))) {
        marked = marked . word(shown, k) . " "
    }
}
do for [t = 1:4] {
    eval "set terminal " . terminal[t]
    set output base . "." . ending[t]
    set rmargin longest + (dumb(t) ? 7 : 4) + \
        (words(marked) == words(shown) ? 0 : 4)
    eval heading(t)
    eval t == 2 ? phone_ticks : ticks
    do for [i = 1:n] {
        set label i sample(i) . word(names, i) at graph 1.04, \
            graph word(heights, i) + 0 left point lt style(i) \
            ps predicted(i) ? 0 : marker[t] offset 1, -0.2
    }
    if (dumb(t)) {
        unset grid
        plot for [k = 1:words(shown)] data index nth(shown, k) - 1 \
                using 1:2 \
                with linespoints lt style(nth(shown, k))
    } else {
        plot for [k = 1:words(shown)] data index nth(shown, k) - 1 \
                using 1:2 \
                with lines lt style(nth(shown, k)), \
            for [k = 1:words(marked)] data index nth(marked, k) - 1 \
                using 1:2:3:4 \
                with yerrorbars lt style(nth(marked, k)) dt solid ps marker[t], \
            for [k = 1:words(marked)] data index nth(marked, k) - 1 \
                using 1:2:($5 * 2 * marker[t]) \
                with points pt 2 ps variable lw 2.5 lc rgb "black", \
            for [k = 1:words(marked)] data index nth(marked, k) - 1 \
                using 1:2:8 \
                with labels hypertext point pt 7 ps 2 lc rgb "#ff000000"
    }
    unset output
}
