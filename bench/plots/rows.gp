# A row for each server, a panel for each figure: the figure, with its interval
# or from the least to the greatest, and in words at the right.
load "bench/plots/style.gp"
do for [t = 1:2] {
    lines = t == 1 ? 1 : n
    h = 70 + lines * (rows * 26 + 84)
    eval "set terminal " . ground(h)
    set output base . "." . ending[t]
    left = (longest * 0.56 + 1) * font[t] / width[t]
    right = (said * 0.54 + 1) * font[t] / width[t]
    set multiplot layout lines, (t == 1 ? n : 1) \
        margins screen left, 1 - right, 56.0 / h, top(96, h) \
        spacing screen (t == 1 ? right + 0.02 : 0), 84.0 / h
    eval heading(h)
    set label 96 x_name at screen 0.5, screen 12.0 / h center @quiet
    set yrange [rows + 0.6:0.4]
    set link y2
    set border 1
    set grid xtics lt 1 lw 1 lc rgb "#c8ccd2"
    set format x unit
    set xtics offset 0, 0.4
    if (logarithmic || ratio) {
        set logscale x
    } else {
        set xrange [0:*]
    }
    if (ratio) {
        set autoscale xfix
        set xtics ("0.01" 0.01, "0.1" 0.1, "0.5" 0.5, "1" 1, \
            "2" 2, "10" 10, "100" 100)
        set arrow 1 from first 1, graph 0 to first 1, graph 1 nohead lw 2 \
            lc rgb "#6b6b6b" back
    }
    do for [i = 1:n] {
        set ytics () scale 0
        set y2tics () scale 0
        plot data index i - 1 using ($2 / scale):1 \
                :yticlabels(i == 1 || t == 2 ? 7 : 5) \
                with points pt 7 ps 0.7 lt 1 title columnheader(9), \
            data index i - 1 using (1 / 0):1:y2ticlabels(8) axes x1y2 \
                with points notitle, \
            for [end = 0:1] data index i - 1 \
                using (ratio ? 0.5 + 1.5 * end : NaN):1 \
                with dots lc rgb "#ff000000" notitle, \
            data index i - 1 \
                using ($2 / scale):1:($3 / scale):($4 / scale) \
                with xerrorbars lt 1 ps 0.7 notitle, \
            data index i - 1 using ($2 / scale):1:10 \
                with labels @tip notitle
        unset for [l = 96:99] label l
    }
    unset multiplot
    unset output
}
