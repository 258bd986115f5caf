# How every plot looks. Loaded by lines.gp, rows.gp and stacked.gp, which draw
# NAME.svg for a page and NAME.phone.svg for a phone, with t = 1 and 2.
#
# The figures are in NAME.csv: x, y, low, high, share served, expected, name
# of a row or tick, text beside it, name of the series, what hovering tells.
# Colours are Okabe and Ito's, which the colour-blind can tell apart; names
# stand beside what they name, so that none is told by its colour alone.
set encoding utf8
set datafile separator comma
set key at graph 0, graph 1.01 left bottom Left reverse samplen 1
set border 3 lw 1.5
set tics nomirror out scale 0.4
set bars 0.4

set linetype 1 lc rgb "#0072b2" lw 3 pt 7
set linetype 2 lc rgb "#d55e00" lw 3 pt 7
set linetype 3 lc rgb "#009e73" lw 3 pt 7
set linetype 4 lc rgb "#cc79a7" lw 3 pt 7
set linetype 5 lc rgb "#e69f00" lw 3 pt 7
set linetype 6 lc rgb "#56b4e9" lw 3 pt 7
set linetype 7 lc rgb "#6b6b6b" lw 3 pt 7
set linetype 8 lc rgb "#7a5230" lw 3 pt 7
set linetype cycle 8

array width = [960, 480]
array ending = ["svg", "phone.svg"]
array font = [16, 15]
data = base . ".csv"
quiet = " tc rgb '#6b6b6b'"
tip = "hypertext point pt 7 ps 2 lc rgb '#ff000000'"
ground(h) = sprintf("svg size %d,%d font 'sans-serif,%d' noenhanced", \
  width[t], h, font[t])

# The title, the question below it, and what the figures are, from the top of
# a drawing that is h pixels high.
top(y, h) = 1 - y / (1.0 * h)
heading(h) = sprintf("set label 99 name at screen 0.02, screen %f font ',%d'; ", \
  top(26, h), t == 1 ? 22 : 16) . \
  sprintf("set label 98 question at screen 0.02, screen %f", \
  top(52, h)) . quiet . "; "
