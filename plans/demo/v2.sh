#!/bin/sh
# The guestbook's code, version 2. It keeps each entry in a file of its own, entries/1001 and so
# on: the name on the first line, the text on the second. Runs in the book's directory.
#   v2.sh version | add NAME TEXT | list
set -eu

# The number after the highest one.
next() {
    last=1000
    for file in entries/*; do
        [ ! -f "$file" ] || last=${file#entries/}
    done
    echo $((last + 1))
}

case ${1:?version, add or list} in
version)
    echo 2
    ;;
add)
    printf '%s\n%s\n' "${2:?a name}" "${3:?a text}" >"entries/$(next)"
    # As long as the old format is there it is written too, so that version 1 can come back.
    if [ -f entries.txt ]; then
        printf '%s: %s\n' "$2" "$3" >>entries.txt
    fi
    ;;
list)
    for file in entries/*; do
        [ -f "$file" ] || continue
        { read -r name && read -r text; } <"$file"
        printf '%s: %s\n' "$name" "$text"
    done
    ;;
*)
    echo "v2.sh: what is \"$1\"? Use version, add or list." >&2
    exit 2
    ;;
esac
