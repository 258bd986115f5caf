# A panel for each server: its line in colour, with whiskers, the others quiet
# behind it. A line ends where not all clients were served; there a bar from
# below shows the share that was. Dots: what theory says. The name of a panel
# belongs to a line below it, as a line without a point has none.
load "bench/plots/style.gp"
do for [t = 1:2] {
    cols = t == 2 ? (n > 1 ? 2 : 1) : n <= 3 ? n : n <= 6 ? 3 : n <= 12 ? 4 : 5
    high = t == 2 ? 150 : n <= 3 ? 330 : 190
    lines = (n + cols - 1) / cols
    h = 112 + lines * high + 40
    eval "set terminal " . ground(h)
    set output base . "." . ending[t]
    set multiplot layout lines, cols \
        margins screen (t == 1 ? 0.08 : 0.15), 0.98, 62.0 / h, top(118, h) \
        spacing screen 0.03, 56.0 / h
    eval heading(h)
    set label 96 x_name at screen 0.5, screen 14.0 / h center @quiet
    set label 97 y_name at screen 0.02, screen top(80, h) @quiet
    set grid ytics lt 1 lw 1 lc rgb "#c8ccd2"
    set offsets graph 0.06, graph 0.06, 0, 0
    set y2range [0:5]
    if (logarithmic) {
        set logscale y
    } else {
        set yrange [0:*]
    }
    do for [i = 1:n] {
        set format y ((i - 1) % cols == 0 ? unit : "")
        set xtics () offset 0, 0.4
        plot for [k = 1:n] data index k - 1 using 1:($2 / scale) \
                with lines lw 1.5 lc rgb "#aab0b8" notitle, \
            for [k = 1:n] data index k - 1 using 1:($4 / scale) \
                with dots lc rgb "#ff000000" notitle, \
            data index i - 1 using 1:5 axes x1y2 \
                with impulses lw 7 lc rgb "#aab0b8" notitle, \
            data index i - 1 using 1:($5 >= 0 ? $5 : NaN):8 axes x1y2 \
                with labels left rotate by 90 offset 0, 0.5 font ",12" \
                notitle, \
            data index i - 1 using 1:($6 / scale):xticlabels(7) \
                with lines lw 2 dt (3, 6) lc rgb "#6b6b6b" notitle, \
            data index i - 1 using 1:(-1) axes x1y2 \
                with lines lt i title columnheader(9), \
            data index i - 1 using 1:($2 / scale) with lines lt i notitle, \
            data index i - 1 using 1:($2 / scale):($3 / scale):($4 / scale) \
                with yerrorbars lt i ps 0.5 notitle, \
            data index i - 1 using 1:($2 / scale):10 with labels @tip notitle
        unset for [l = 96:99] label l
    }
    unset multiplot
    unset output
}
