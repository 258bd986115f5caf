# Bars made of layers, a colour for each name; the layers are named at the
# right. Computes nothing, like lines.gp.
load "bench/plots/style.gp"
set key autotitle columnheader # the first line of a block is no bar
set key off
set style data histograms
set style histogram rowstacked
set style fill solid 0.85 noborder
set boxwidth 0.7
set xrange [-0.6:words(bars) - 0.4]

do for [t = 1:4] {
    eval "set terminal " . terminal[t]
    set output base . "." . ending[t]
    set rmargin longest + (dumb(t) ? 7 : 4)
    eval heading(t)
    eval name_bars(t, words(bars), longest)
    do for [i = 1:n] {
        set label i word(names, i) at graph 1.04, graph word(heights, i) + 0 \
            left point lt style(i) pt 5 ps marker[t] offset 1, -0.2
    }
    do for [i = 1:words(bars)] {
        set xtics add (bar_name(t, i) i - 1)
    }
    if (dumb(t)) {
        unset grid
    }
    plot for [i = 1:n] data index i - 1 using 2 lt style(i)
    unset output
}
