# How every plot looks. Loaded by lines.gp, bars.gp and stacked.gp.
#
# Colours: Okabe and Ito's, which the colour-blind can tell apart; dash and
# marker differ, too. Style 9 is a prediction.
set encoding utf8
set datafile separator comma
set datafile missing "NaN"
set key off
set border 3 lw 1.5
set tics nomirror out
set grid ytics lt 1 lw 1 lc rgb "#c8ccd2"
set bars 0.6

set linetype 1 lc rgb "#0072b2" lw 3 pt 7 dt solid
set linetype 2 lc rgb "#d55e00" lw 3 pt 5 dt (12,4)
set linetype 3 lc rgb "#009e73" lw 3 pt 9 dt (4,3)
set linetype 4 lc rgb "#cc79a7" lw 3 pt 11 dt (12,4,3,4)
set linetype 5 lc rgb "#e69f00" lw 3 pt 13 dt (20,4)
set linetype 6 lc rgb "#56b4e9" lw 3 pt 15 dt (8,3,2,3,2,3)
set linetype 7 lc rgb "#6b6b6b" lw 3 pt 6 dt (2,3)
set linetype 8 lc rgb "#7a5230" lw 3 pt 4 dt (16,3,4,3)
set linetype 9 lc rgb "#6b6b6b" lw 2 pt 0 dt (3,6)

# The four drawings: [1] a page, [2] a phone, [3] a projector, [4] a terminal.
array terminal = [ \
  "svg size 960,560 font 'sans-serif,22' noenhanced linewidth 1.2", \
  "svg size 480,420 font 'sans-serif,18' noenhanced linewidth 1", \
  "pngcairo size 1600,950 font 'sans,27' noenhanced linewidth 2", \
  "dumb size 78,24 noenhanced"]
array ending = ["svg", "phone.svg", "png", "txt"]
array marker = [0.75, 0.6, 1.6, 1]
array larger = ["26", "19", "33", "0"]
array below = ["22", "15", "27", "0"] # of the x axis' label
array smaller = ["18", "14", "23", "0"]

data = base . ".csv"
style(i) = word(styles, i) + 0
nth(list, k) = word(list, k) + 0
predicted(i) = style(i) == 9 # a line alone, without markers
sample(i) = predicted(i) ? "··· " : ""
dumb(t) = t == 4
quiet(t) = " font ',". smaller[t] . "' tc rgb '#6b6b6b'"
cross = crossed ? "× some clients unserved, or errors" : ""
# The margins are shares of the page: gnuplot's lines are higher in some
# terminals than in others.
heading(t) = dumb(t) ? "unset label; set tmargin 2; set title '" . name \
  . "'; set xlabel '" . x_name . "'" : \
  "set tmargin at screen 0.755; set bmargin at screen 0.18; " \
  . "set label 95 x_name at graph 0.5, screen 0.04 center " \
  . "font ',". below[t] . "'; " \
  . "set label 99 name at screen 0.02, screen 0.94 left " \
  . "font ',". larger[t] . "'; " \
  . "set label 98 question at screen 0.02, screen 0.87 left" . quiet(t) \
  . "; set label 97 y_name at screen 0.02, graph 1 left offset 0, 0.8" . quiet(t) \
  . "; set label 96 cross at screen 0.98, graph 1 right offset 0, 0.8" . quiet(t)

# Below bars: slanted where they would not fit, by steps in a terminal; many
# in a terminal are numbered, in the order of the table below it.
slanted(t, n, beside) = !dumb(t) && \
  (t == 2 || n > 7 || n * longest_bar > 70 || (n > 5 && beside > 0))
name_bars(t, n, beside) = "set xtics () scale 0; " . \
  (slanted(t, n, beside) ? sprintf("set bmargin at screen %f; " \
     . "set xtics rotate by 35 right", 0.14 + 0.012 * longest_bar) : \
   "set xtics norotate center" . \
     (dumb(t) ? "; set bmargin 5; set xlabel offset 0, -1" : ""))
bar_name(t, i) = !dumb(t) ? word(bars, i) : words(bars) > 7 ? \
  sprintf("%d", i) : (i % 2 == 0 ? "\n" : "") . word(bars, i)
