#!/bin/sh
# The guestbook's code, version 1. It knows one file, entries.txt, with a line "NAME: TEXT" for
# each entry. Runs in the book's directory.
#   v1.sh version | add NAME TEXT | list
set -eu

case ${1:?version, add or list} in
version)
    echo 1
    ;;
add)
    printf '%s: %s\n' "${2:?a name}" "${3:?a text}" >>entries.txt
    # What a database would call a trigger: others may hang in here.
    if [ -f on-add.sh ]; then
        sh ./on-add.sh
    fi
    ;;
list)
    if [ -f entries.txt ]; then
        cat entries.txt
    fi
    ;;
*)
    echo "v1.sh: what is \"$1\"? Use version, add or list." >&2
    exit 2
    ;;
esac
