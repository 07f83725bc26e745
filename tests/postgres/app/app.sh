#!/usr/bin/env bash
# One process of the application: app.sh NUMBER. It reads and writes accounts all the time, through
# one connection, with the code that $APP/current names: 1 or 2. USR1 restarts it (same pid, the
# request at hand is finished first); the file $APP/stop ends it.
#
#   $APP/requests-N   a line for each request: version, kind, ok or failed, what it failed with
#   $APP/written-N    a line for each row that was written and acknowledged: order, id, value
#   $APP/serving-N    the version that runs and how many requests it has finished, see ask.sh
set -u
n=$1
cd "$APP" || exit 1
version=$(cat current)
# shellcheck source=/dev/null
. "./code-$version.sh"

exec 3>>"requests-$n" 4>>"written-$n"

coproc DB { exec psql -X -q -A -t 2>&1; }
order=$(wc -l <"written-$n")
finished=0

# From here on there is no command substitution: bash 5.2 loses its place in one when a trap comes.
restart=no
trap 'restart=yes' USR1

# Sends the request $sql and leaves the reply's first line in $reply; fails where the server said ERROR.
request() {
    local line failed=
    reply=
    # The pause stands for a client's own time.
    printf '%s;\ndo $$ begin perform pg_sleep(0.004); end $$;\n\\echo END\n' "$sql" >&"${DB[1]}" || failed="no connection"
    while [ -z "$failed" ]; do
        if ! IFS= read -r -t 60 line <&"${DB[0]}"; then
            failed="no answer"
        elif [ "$line" = END ]; then
            break
        elif [[ $line == *ERROR:* || $line == *FATAL:* ]]; then
            reply=$line
        elif [ -z "$reply" ]; then
            reply=$line
        fi
    done
    [[ $reply == *ERROR:* || $reply == *FATAL:* ]] && failed=$reply
    if [ -z "$failed" ] && [ $# -eq 2 ] && [ "$reply" != "$2" ]; then
        failed="read \"$reply\" instead of \"$2\""
    fi
    finished=$((finished + 1))
    echo "$version $finished" >"serving-$n.new" && mv "serving-$n.new" "serving-$n"
    if [ -n "$failed" ]; then
        echo "$version $1 failed $failed" >&3
        return 1
    fi
    echo "$version $1 ok" >&3
}

# Says that a row has been acknowledged with this value.
written() {
    order=$((order + 1))
    printf '%s\t%s\t%s\n' "$order" "$1" "$2" >&4
}

own=
while [ ! -e stop ]; do
    if [ "$restart" = yes ]; then
        printf '\\q\n' >&"${DB[1]}"
        # shellcheck disable=SC2154
        wait "$DB_PID"
        exec bash ./app.sh "$n"
    fi
    value="Customer $n-$order"
    insert_account "$value"
    if request insert; then
        own=$reply
        written "$own" "$value"
    fi
    if [ -n "$own" ]; then
        read_account "$own"
        request read "$value"
        value="$value, renamed"
        rename_account "$own" "$value"
        if request update "$own"; then
            written "$own" "$value"
        fi
    fi
    seeded=$((RANDOM * 6 + 1))
    read_account "$seeded"
    request read "Person $seeded"
done
