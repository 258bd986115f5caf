#!/bin/bash
# tests/valgrind.sh TOOL MODEL...: the contract suite over servers that run
# under valgrind's memcheck, helgrind or drd. Passes when the contract is
# kept and valgrind has nothing to say. BUILD names the build, build when
# not given; what valgrind says is left in BUILD/valgrind.
#
# What valgrind 3.19 itself does not keep is left out: its own memory grows
# with each client; after a fork() that failed it holds all signals back; and
# so it does while a server waits in io_uring_enter().
set -euo pipefail

left_out='leaves_nothing_of_1000_clients|outlives_the_process_limit'

tool=$1
shift
build=${BUILD:-build}
if ! command -v valgrind >/dev/null; then
    echo "tests/valgrind.sh: valgrind is missing: Debian's package valgrind" >&2
    exit 1
fi
options="--tool=$tool -q --vgdb=no --max-threads=2000 --fair-sched=try"
if [ "$tool" = memcheck ]; then
    options+=' --leak-check=full --show-leak-kinds=definite'
    options+=' --errors-for-leak-kinds=definite'
fi

failed=0
for model in "$@"; do
    if [ "$model" = epoll/uring ]; then
        echo "valgrind: $tool: $model: left out"
        continue
    fi
    program=$build/$model
    [ ! -d "$program" ] || program+=/server
    logs=$build/valgrind/$tool-${model//\//-}
    rm -rf "$logs"
    mkdir -p "$logs"
    echo "valgrind: $tool: $model"
    SERVER="valgrind $options --log-file=$logs/%p $program --port {port} {options}" \
        LIKE=$model SUITE_BUILD=$build timeout -k 10 1800 \
        build/tests/contract --filter \
        "server/!($left_out)" || failed=1
    if find "$logs" -type f -size +0 | grep -q .; then
        failed=1
        echo "valgrind: $tool: $model: it says:"
        find "$logs" -type f -size +0 -exec cat {} +
    fi
done
exit "$failed"
