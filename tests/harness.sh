#!/bin/bash
# tests/harness.sh: bench/run and bench/report as their users run them, with
# turns too short to mean anything; and the soak. Under three minutes.
set -u
cd "$(dirname "$0")/.." || exit 1
make -s all || exit 1

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
passed=0
failed=0

# check WHAT COMMAND...: the command succeeds
check() {
    local what=$1
    shift
    if "$@"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "harness: FAILED: $what" >&2
        tail -n 5 "$dir/log" >&2
    fi
}

# status N COMMAND...: it exits with N; what it says is in $dir/log
status() {
    local wanted=$1 got=0
    shift
    timeout -k 5 240 "$@" >"$dir/log" 2>&1 || got=$?
    [ "$got" = "$wanted" ] && return
    echo "exit status $got, not $wanted: $*" >&2
    return 1
}

says() { grep -q -- "$1" "$dir/log"; }

# Servers of this tree that still run.
left_over() {
    local process
    for process in /proc/[0-9]*; do
        [ "$(readlink "$process/cwd")" = "$PWD" ] &&
            tr '\0' ' ' 2>/dev/null <"$process/cmdline" |
            grep -qE '^(build/[a-z_/]+/server|load) ' && return 0
    done
    return 1
}

tiny=(--quick --turn 20ms --models 'iterative,epoll' --seed 1)

echo 'harness: a run'
check 'a run ends well' status 0 bench/run "${tiny[@]:1}" -e clients \
    -e churn -e stall -e memory --time 60s --out "$dir/run"
for file in report.html report.md report.txt manifest.json verdicts.csv \
    results.json raw/clients.csv raw/churn.csv plots/clients-echoes.csv \
    plots/clients-echoes.svg plots/clients-echoes.phone.svg \
    plots/stall-wait.svg; do
    check "$file is there" test -s "$dir/run/$file"
done
check 'the unserved are told' grep -q 'serves 1 of' \
    "$dir/run/report.txt"
check 'no figure is none' sh -c \
    "! grep -qwE 'nan|inf' '$dir/run/verdicts.csv' '$dir/run/results.json'"
check 'no address of the network in the page' sh -c \
    "! grep -qE '(src|href)=.?https?:' '$dir/run/report.html'"

echo 'harness: the report again, from raw files alone'
cp "$dir/run/report.md" "$dir/before"
rm -r "$dir/run"/report.* "$dir/run/plots" "$dir/run"/*.csv
check 'it is made again' status 0 bench/report "$dir/run"
check 'and says the same' cmp "$dir/before" "$dir/run/report.md"
cp -r "$dir/run" "$dir/gap"
awk -F, '$2 != "iterative" || $7 != 1' "$dir/run/raw/clients.csv" \
    >"$dir/gap/raw/clients.csv"
check 'and without some rows' status 0 bench/report "$dir/gap"
check 'over which no line is drawn' grep -q \
    '^1,,,,,,"1","","iterative"' "$dir/gap/plots/clients-echoes.csv"
check 'a directory in use is refused' status 1 bench/run "${tiny[@]}" \
    --out "$dir/run"
check 'and kept' test -s "$dir/run/raw/clients.csv"

echo 'harness: a run that is killed'
printf 'clients,epo' >>"$dir/run/raw/clients.csv"
check 'half a row is left out' status 0 bench/report "$dir/run"
check 'and that is said' grep -q 'half written' "$dir/run/report.txt"
echo 'nonsense' >>"$dir/run/raw/clients.csv"
check 'a malformed row is refused' status 1 bench/report "$dir/run"
check 'by its line' says 'clients.csv, line'
check 'no run at all is refused' status 1 bench/report "$dir"
echo '{"run": ' >"$dir/run/manifest.json"
check 'nor half a manifest' status 1 bench/report "$dir/run"
check 'by its line' says 'manifest.json, line'
echo '{}' >"$dir/run/manifest.json"
check 'nor one of no run' status 1 bench/report "$dir/run"

echo 'harness: Ctrl-C'
build/bench/run "${tiny[@]}" --out "$dir/cut" >"$dir/log" 2>&1 &
for _ in $(seq 600); do # until there is something to keep
    grep -qs ',ok,' "$dir"/cut/raw/*.csv && break
    sleep 0.1
done
kill -INT $!
wait $!
check 'exits with 1' test $? = 1
check 'keeps what was measured' grep -q 'Cut short' "$dir/cut/report.txt"
check 'leaves no process' eval '! left_over'

# a_load PID: the first generator that this run has started, once there is
# one.
a_load() {
    local child children
    for _ in $(seq 1500); do
        read -ra children <"/proc/$1/task/$1/children"
        for child in "${children[@]}"; do
            [ "$(cat "/proc/$child/comm" 2>/dev/null)" = load ] &&
                echo "$child" && return
        done
        sleep 0.02
    done
    return 1
}

echo 'harness: connections that are held'
check 'a small million ends well' status 0 bench/run -e million \
    --clients 1000 --out "$dir/million"
check 'names what limits it, before' says '^  ->'
check 'and afterwards' grep -q 'the smallest limit' "$dir/million/report.md"
check 'shows no figure that it has not' sh -c \
    "! grep -qw nan '$dir/million/report.txt'"
# shellcheck disable=SC2016 # for awk
check 'echoes all at the start and the end' awk -F, 'NR == 1 {
        for (i = 1; i <= NF; i++) at[$i] = i - NF }
    END { exit $(NF + at["held"]) != 1000 || $(NF + at["served"]) != 1000 }' \
    "$dir/million/raw/million.csv"
check 'who can not hold so many says why' status 0 bench/run -e held \
    --clients 1500 --models select,epoll --out "$dir/held"
check 'by its limit' grep -q 'FD.*SETSIZE' "$dir/held/report.md"
check 'leaves no process' eval '! left_over'
for signal in INT KILL; do
    build/bench/run -e million --clients 10000 --out "$dir/$signal" \
        >"$dir/log" 2>&1 &
    part=$(a_load $!)
    [ $signal = KILL ] || part=$!
    kill -$signal "${part:-$!}"
    wait $!
    check "SIG$signal in the middle: exits with 1" test $? = 1
    check "SIG$signal: leaves no process" eval '! left_over'
done

echo 'harness: the soak'
mkdir "$dir/fake"
# shellcheck disable=SC2016 # for the script
printf '#!/bin/sh\nexec %s/build/tests/badserver "${0##*/}"\n' "$PWD" \
    >"$dir/fake/wrong"
chmod +x "$dir/fake/wrong"
for fault in none short; do cp "$dir/fake/wrong" "$dir/fake/$fault"; done
check 'a good server holds' env SUITE_BUILD="$dir/fake" \
    build/tests/soak --time 2s --seed 1 none >"$dir/log" 2>&1
check 'a wrong byte is found' status 1 env SUITE_BUILD="$dir/fake" \
    build/tests/soak --time 2s --seed 1 wrong
check 'and told' says 'a wrong byte came back'
check 'a lost end is found' status 1 env SUITE_BUILD="$dir/fake" \
    build/tests/soak --time 2s --seed 1 short
check 'no such model' status 2 build/tests/soak nobody

echo 'harness: servers that fail'
check 'the run says so' status 1 bench/run "${tiny[@]}" -e churn \
    --server "dies=false 'a b' {port}" --server 'gone=/no/such {port}' \
    --time 3min --out "$dir/bad"
check 'by name' says 'gone: churn'
check 'and again at the end' says 'could not be measured: .*gone in churn'
check 'and tells the command as a shell takes it' grep -qF -- \
    "--server 'dies=false '\\''a b'\\'' {port}'" "$dir/bad/report.md"
check 'and has the others' grep -q ',epoll,' "$dir/bad/raw/churn.csv"
check 'leaves no process' eval '! left_over'

if unshare -n true 2>/dev/null; then
    echo 'harness: loopback is down'
    check 'is told at once' status 1 unshare -n bench/run "${tiny[@]}" \
        --out "$dir/down"
    check 'with the reason' says '127.0.0.1 .*: Network is unreachable'
fi

# build/bench/run itself: make and the shell want /proc, too.
if unshare -m true 2>/dev/null; then
    echo 'harness: no /proc'
    check 'is told at once' status 1 unshare -m sh -c \
        "mount -t tmpfs none /proc && exec build/bench/run --quick \
        --models epoll --out $dir/blind"
    check 'with the reason' says 'cannot read /proc'
fi

echo 'harness: gnuplot missing'
mkdir "$dir/bin"
ln -s "$(command -v sh)" "$dir/bin/sh"
check 'is told' status 1 env PATH="$dir/bin" build/bench/report "$dir/bad"
check 'with its package' says 'gnuplot-nox'
check 'and the text is there' test -s "$dir/bad/report.txt"

echo 'harness: wrong usage'
for wrong in '--experiment nothing' '--models nobody' '--nothing' 'word' \
    '--turn 5' '--seed x' '--quick --full' '--server nothing' \
    '--reference nobody' '--against nothing' \
    '--quick --experiment syscalls' '--experiment lap --models epoll' \
    '--clients 5' \
    '--experiment million --clients 0'; do
    # shellcheck disable=SC2086 # two words
    check "$wrong" status 2 bench/run $wrong
done
check 'a report of nothing' status 2 bench/report
check 'a full disk is told' status 1 sh -c \
    'build/bench/report --columns >/dev/full'
check 'a directory that can not be' status 1 bench/run "${tiny[@]}" \
    --out /proc/nothing

check 'docs/method.md knows the columns' sh -c "build/bench/report --columns |
    while read -r line; do grep -qF -- \"\$line\" docs/method.md ||
    { echo \"\$line\" >&2; exit 1; }; done"

echo "harness: $passed passed, $failed failed"
[ "$failed" = 0 ]
