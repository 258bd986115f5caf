# What a diff between two servers shows: of each line that changed, whether it
# is the lesson or serves what all servers do alike.
#
# Reads `git diff -U100000` of two files. Variables:
#   helpers  the modules of common/ that are no lesson: net|stop|idle
#   what     count: prints the lines that came, those that went, how many of
#            both serve the helpers, and how many only moved
#            wall: prints both files, what changed marked
#   width    columns of the window, for wall
#   colour   1: with the terminal's colours, for wall
#   left, right  the two paths, for wall

BEGIN {
    PANE = 76 # the longest line of a server
    helper = "(^|[^A-Za-z_.])((" helpers ")_[a-z]|fatal)|\"common/(" \
        helpers ")[.]h\""
    side_by_side = width >= 2 * (PANE + 2) + 3
    if (what == "wall")
        head()
}

/^@@/ { inside = 1; next }
!inside { next }
/^[-+]/ {
    text = substr($0, 2)
    if (/^-/)
        gone[++ngone] = text
    else
        come[++ncome] = text
    next
}
/^ / {
    flush()
    if (what == "wall")
        row(" ", substr($0, 2), " ", substr($0, 2))
}
END {
    flush()
    if (what == "count")
        print added + 0, removed + 0, other + 0, moved()
}

# A change is over: lines that went, and lines that came in their place.
function flush(    i)
{
    for (i = 1; i <= ngone; i++)
        count(gone[i], was)
    for (i = 1; i <= ncome; i++)
        count(come[i], is)
    removed += ngone
    added += ncome
    if (what == "wall")
        show()
    ngone = ncome = 0
}

function count(text, seen)
{
    if (is_other(text))
        other++
    gsub(/[ \t]+/, " ", text)
    if (text ~ /[A-Za-z].*[A-Za-z]/)
        seen[text]++
}

function is_other(text)
{
    return text ~ helper
}

# Lines that went in one place and came in another.
function moved(    text, n)
{
    for (text in was)
        if (text in is)
            n += was[text] < is[text] ? was[text] : is[text]
    return n + 0
}

# --- wall ---------------------------------------------------------------

function head()
{
    print "-  +  the lesson    -. +. what all servers do alike (stop, limits)"
    if (side_by_side)
        row(" ", left, " ", right)
    else
        print "--- " left "\n+++ " right
}

function show(    i, n)
{
    if (!side_by_side) {
        for (i = 1; i <= ngone; i++)
            row("-", gone[i], "", "")
        for (i = 1; i <= ncome; i++)
            row("", "", "+", come[i])
        return
    }
    n = ngone > ncome ? ngone : ncome
    for (i = 1; i <= n; i++)
        row(i <= ngone ? "-" : "", gone[i], i <= ncome ? "+" : "", come[i])
}

# A line of either file, or one of both; the sign is "" where there is none.
function row(sign, text, sign2, text2,    line)
{
    if (side_by_side)
        line = cell(sign, text, 1) " | " cell(sign2, text2, 0)
    else
        line = sign == "" ? cell(sign2, text2, 0) : cell(sign, text, 0)
    sub(/ +$/, "", line)
    print line
}

function cell(sign, text, padded,    changed, kind)
{
    if (sign == "")
        text = ""
    changed = sign == "-" || sign == "+"
    kind = changed && is_other(text) ? "." : " "
    text = substr((sign == "" ? " " : sign) kind text, 1,
        side_by_side ? PANE + 2 : width)
    if (padded)
        text = sprintf("%-" (PANE + 2) "s", text)
    if (!colour || !changed)
        return text
    return "\033[" (kind == "." ? "2;" : "1;") (sign == "-" ? "31m" : "32m") \
        text "\033[0m"
}
