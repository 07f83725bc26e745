#!/bin/sh
# A small guestbook, run like a real service: code that is installed, a pointer to the code that
# the next restart takes, the code that runs now, and the data. Needs a shell and coreutils.
#
#   $GUESTBOOK/code/1  code/2   installed code
#   $GUESTBOOK/current          the pointer: 1 or 2
#   $GUESTBOOK/running.sh       what answers visitors: the code as it was at the last restart
#   $GUESTBOOK/book/            the data, which belongs to the code
#   $GUESTBOOK/signed.txt       every entry that a visitor has ever sent, to count what got lost
#
# $GUESTBOOK is $RUN_DIR/guestbook unless it is set. Each step of ../demo.yaml is one of the
# commands below, so all of it can be done by hand.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
GUESTBOOK=${GUESTBOOK:-${RUN_DIR:?RUN_DIR or GUESTBOOK must be set}/guestbook}
book=$GUESTBOOK/book
pace=${PACE:-0.15}

# Asks the code that runs now, whatever the pointer says.
ask() {
    (cd "$book" && sh ../running.sh "$@")
}

# A visitor signs the book.
sign() {
    printf '%s: %s\n' "$1" "$2" >>"$GUESTBOOK/signed.txt"
    ask add "$1" "$2"
}

# How many lines a file has, as a bare number.
lines() {
    count=$(wc -l <"$1")
    echo $((count))
}

# Puts a file in its place in one go, so that nobody sees half of it.
place() {
    cp "$1" "$2.new"
    mv "$2.new" "$2"
}

open_book() {
    if [ -e "$GUESTBOOK" ]; then
        echo "error: there is already a guestbook in $GUESTBOOK" >&2
        exit 1
    fi
    mkdir -p "$GUESTBOOK/code/1" "$book"
    cp "$here/v1.sh" "$GUESTBOOK/code/1/guestbook.sh"
    : >"$book/entries.txt"
    n=1
    while [ $n -le 120 ]; do
        printf 'Visitor %s: Greetings, number %s.\n' $n $n >>"$book/entries.txt"
        n=$((n + 1))
    done
    cp "$book/entries.txt" "$GUESTBOOK/signed.txt"
    point 1
    restart
    echo "The guestbook has $(lines "$book/entries.txt") entries. To sign it yourself:"
    echo "  GUESTBOOK=$GUESTBOOK sh $here/guestbook.sh sign 'Your name' 'Your text'"
}

point() {
    if [ ! -f "$GUESTBOOK/code/$1/guestbook.sh" ]; then
        echo "error: version $1 is not installed in $GUESTBOOK/code" >&2
        exit 1
    fi
    echo "$1" >"$GUESTBOOK/current.new"
    mv "$GUESTBOOK/current.new" "$GUESTBOOK/current"
    echo "The next restart takes version $1."
}

restart() {
    place "$GUESTBOOK/code/$(cat "$GUESTBOOK/current")/guestbook.sh" "$GUESTBOOK/running.sh"
    echo "The guestbook has been restarted."
}

# Entry number $1 of the old format becomes a file of the new one; $2 is its line.
convert() {
    printf '%s\n%s\n' "${2%%: *}" "${2#*: }" >"$book/entries/.new"
    mv "$book/entries/.new" "$book/entries/$((1000 + $1))"
}

# The new format beside the old one, and a trigger: what version 1 adds is in both at once.
expand() {
    mkdir -p "$book/entries"
    cat >"$book/on-add.sh.new" <<'TRIGGER'
n=$(wc -l <entries.txt)
line=$(tail -n 1 entries.txt)
printf '%s\n%s\n' "${line%%: *}" "${line#*: }" >"entries/$((1000 + n))"
TRIGGER
    mv "$book/on-add.sh.new" "$book/on-add.sh"
    echo "Entries are now written in both formats."
}

unexpand() {
    rm -f "$book/on-add.sh" "$book/on-add.sh.new"
    rm -rf "$book/entries"
}

reserve() {
    quota=${RUN_DIR:-$GUESTBOOK}/quota
    if [ "${FAIL:-0}" = 1 ] && [ ! -e "$quota" ]; then
        echo "error: 64 KiB are wanted and the quota is 32 KiB (because of --set fail=1)."
        echo "Skip: nothing needs the room today. Roll back: takes every step back."
        echo "Retry: after raising the quota in another terminal, by typing"
        echo "touch $quota"
        exit 1
    fi
    head -c 65536 /dev/zero >"$book/reserve"
    echo "64 KiB are reserved."
}

# Converts what was written before the trigger. May be run again at any time.
backfill() {
    total=$(lines "$book/entries.txt")
    n=0
    while [ $n -lt "$total" ] && IFS= read -r line; do
        n=$((n + 1))
        if [ ! -f "$book/entries/$((1000 + n))" ]; then
            convert $n "$line"
            sleep "$pace"
        fi
        echo "$n/$total entries are converted"
        if [ $((n % 24)) -eq 0 ]; then
            sign "Visitor in between $n" "Written while the entries were being converted."
            echo "  a visitor has signed the book meanwhile"
        fi
    done <"$book/entries.txt"
}

contract() {
    rm -f "$book/on-add.sh" "$book/entries.txt" "$book/reserve"
    echo "The old format is gone."
}

# How many entries of the old format are missing in the new one: contracting would lose them.
unconverted() {
    missing=0
    n=0
    while IFS= read -r line; do
        n=$((n + 1))
        wanted=$(printf '%s\n%s' "${line%%: *}" "${line#*: }")
        found=$(cat "$book/entries/$((1000 + n))" 2>/dev/null) || found=
        [ "$found" = "$wanted" ] || missing=$((missing + 1))
    done <"$book/entries.txt"
    echo $missing
}

# How many entries that visitors have sent are not shown to visitors.
lost() {
    shown=$(ask list)
    # An entry that is shown stands here three times or twice, one that is lost once.
    { cat "$GUESTBOOK/signed.txt" && printf '%s\n%s\n' "$shown" "$shown"; } | sort | uniq -u |
        { gone=$(wc -l) && echo $((gone)); }
}

# How many KiB are free where the run lies.
free() {
    df -Pk "${RUN_DIR:-$GUESTBOOK}" | tail -n 1 | {
        read -r _ _ _ available _
        echo "$available"
    }
}

# Names each tool that is missing.
tools() {
    missing=
    for tool in cat cp df dirname head mkdir mv rm sleep sort tail uniq wc; do
        command -v $tool >/dev/null || missing="$missing $tool"
    done
    if [ -n "$missing" ]; then
        echo "not installed:$missing"
        exit 1
    fi
}

case ${1:-} in
open) open_book ;;
close) rm -rf "$GUESTBOOK" ;;
fetch)
    mkdir -p "$GUESTBOOK/code/2"
    place "$here/v2.sh" "$GUESTBOOK/code/2/guestbook.sh"
    ;;
unfetch) rm -rf "$GUESTBOOK/code/2" ;;
point) point "${2:?1 or 2}" ;;
restart) restart ;;
ask) shift && ask "$@" ;;
count) ask list | { count=$(wc -l) && echo $((count)); } ;;
sign) sign "${2:?a name}" "${3:?a text}" ;;
expand | unexpand | reserve | backfill | contract | unconverted | lost | free | tools) "$1" ;;
unreserve) rm -f "$book/reserve" ;;
*)
    echo "guestbook.sh: what is \"${1:-}\"? See the commands at the end of $0." >&2
    exit 2
    ;;
esac
