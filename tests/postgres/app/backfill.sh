#!/usr/bin/env bash
# Fills display_name in batches, so that no batch holds its locks for long.
set -euo pipefail
total=$(psql -XAtc 'select coalesce(max(id), 0) from accounts')
done=0
while [ "$done" -lt "$total" ]; do
    next=$((done + 10000))
    psql -XAtq -v ON_ERROR_STOP=1 -c \
        "update accounts set display_name = full_name where id > $done and id <= $next and display_name is null"
    done=$((next < total ? next : total))
    echo "$done/$total rows"
done
