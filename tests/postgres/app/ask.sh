#!/bin/sh
# Asks a process of the application which version serves: ask.sh NUMBER. It answers by finishing
# one more request; what it wrote before it was asked does not count.
set -eu
before=$(cat "$APP/serving-$1")
tries=0
while [ "$(cat "$APP/serving-$1")" = "$before" ]; do
    tries=$((tries + 1))
    [ $tries -le 500 ] || { echo "process $1 finishes no request" >&2; exit 2; }
    sleep 0.02
done
read -r version _ <"$APP/serving-$1"
echo "$version"
