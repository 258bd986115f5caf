# A bar for each server, made of layers that are named below.
load "bench/plots/style.gp"
do for [t = 1:2] {
    h = 150 + rows * 34 + 26 * ((n + 2) / 3)
    eval "set terminal " . ground(h)
    set output base . "." . ending[t]
    eval heading(h)
    set label 96 x_name at screen 0.5, screen 14.0 / h center @quiet
    set lmargin at screen (longest * 0.56 + 2) * font[t] / width[t]
    set rmargin at screen 0.97
    set tmargin at screen top(90, h)
    set bmargin at screen (70.0 + 26 * ((n + 2) / 3)) / h
    set key at screen 0.5, screen 30.0 / h center bottom horizontal Left \
        reverse maxcols 3
    set yrange [rows + 0.6:0.4]
    set border 1
    set grid xtics lt 1 lw 1 lc rgb "#c8ccd2"
    set format x unit
    set xrange [0:*]
    set ytics () scale 0
    set style fill solid 0.85 noborder
    plot for [i = 1:n] data index i - 1 \
            using ($2 / scale):1:($3 / scale):($4 / scale):($1 - 0.32):($1 + 0.32):yticlabels(7) \
            with boxxyerror lt i title columnheader(9), \
        for [i = 1:n] data index i - 1 using ($2 / scale):1:10 \
            with labels @tip notitle
    unset output
}
