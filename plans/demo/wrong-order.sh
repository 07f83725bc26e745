#!/bin/sh
# What happens when the contract step runs before the switch of the code. Walks two guestbooks of
# its own in a temporary directory, one in the right order and one in the wrong one, and counts.
# Ends with 1 because the wrong order loses entries.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

do_step() {
    PACE=0 sh "$here/guestbook.sh" "$@" >>"$scratch/log" || {
        cat "$scratch/log" >&2
        echo "wrong-order.sh: \"$*\" has failed; nothing is proved" >&2
        exit 2
    }
}

# Ten visitors, whatever code serves them.
visitors() {
    n=1
    while [ $n -le 10 ]; do
        do_step sign "Late visitor $n" "Written just before the switch."
        n=$((n + 1))
    done
}

switch() {
    do_step point 2
    do_step restart
}

walk() {
    GUESTBOOK=$scratch/$1
    export GUESTBOOK
    do_step open
    do_step fetch
    do_step expand
    do_step backfill
    if [ "$1" = right ]; then
        visitors
        switch
        do_step contract
    else
        do_step contract
        visitors
        switch
    fi
    signed=$(wc -l <"$GUESTBOOK/signed.txt")
    shown=$(sh "$here/guestbook.sh" count)
    lost=$(sh "$here/guestbook.sh" lost)
    echo "$2: $((signed)) entries sent, $shown shown, $lost lost"
}

walk right "switch, then contract (as the plan has it)"
walk wrong "contract, then switch (the wrong order)  "
[ "$lost" -eq 0 ] || exit 1
