#!/bin/bash
# tests/install.sh: make install and make uninstall, from a path and to paths
# that hold what a shell would split or obey. Needs help2man.
set -u
cd "$(dirname "$0")/.." || exit 1
make -s man || exit 1

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
failed=0

# check WHAT COMMAND...: the command succeeds
check() {
    local what=$1
    shift
    "$@" >"$dir/log" 2>&1 && return
    failed=1
    echo "install: FAILED: $what" >&2
    tail -n 5 "$dir/log" >&2
}

ln -s "$PWD" "$dir/the tree"
tree=(make -s -C "$dir/the tree")

# here is beside where the programs go: to be split at a blank, a name
# would be that of something else.
for prefix in /usr/local '/opt/my echo' "/opt/it's; \$(touch x) -f*"; do
    dest="$dir/any/where y"
    mkdir -p "$dir/any"
    echo mine >"$dir/any/where"
    # make reads $$ as $.
    check "install to $prefix" "${tree[@]}" install "DESTDIR=$dest" \
        "PREFIX=${prefix//\$/\$\$}"
    bin=$dest$prefix/bin
    check 'the programs run' "$bin/echo-select-chat" --version
    check 'each has its page' test "$(ls "$bin")" = "$(
        find "$dest$prefix/share/man/man1" -name '*.1' -printf '%f\n' |
            sed 's/\.1$//' | sort)"
    echo mine >"$bin/other"
    check 'uninstall' "${tree[@]}" uninstall "DESTDIR=$dest" \
        "PREFIX=${prefix//\$/\$\$}"
    check 'takes all of it away, and nothing else' test \
        "$(find "$dest" -type f)" = "$bin/other"
    check 'nor what is beside' grep -qx mine "$dir/any/where"
    rm -rf "$dir/any"
done
check 'no word of a path was run' test ! -e x

echo "install: $([ $failed = 0 ] && echo passed || echo failed)"
exit $failed
