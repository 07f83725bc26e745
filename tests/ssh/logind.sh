#!/bin/bash
# Boots a systemd of its own, with logind and KillUserProcesses=yes, over this machine's files, and
# walks through logins of an ordinary user there. Nothing of it is left behind: files written lie in
# memory, and mounts, processes and network are its own.
#
#   logind.sh outside DIR UPWALK   starts it; what was seen is in DIR/seen, a line a fact
#   logind.sh boot DIR UPWALK      becomes its init (within the namespaces)
#   logind.sh inside               walks (a unit of the booted system)
# Exit status 3: the machine forbids it.
set -euo pipefail

outside() {
    local unified group status=0
    unified=$(findmnt --noheadings --types cgroup2 --output TARGET | head -n 1)
    group=$unified/upwalk-test-$$
    if [ -z "$unified" ] || ! mkdir "$group" 2>/dev/null; then
        exit 3
    fi
    # Expanded now: the variable is gone by then.
    trap "rmdir_tree '$group'" EXIT
    unshare --mount --pid --fork --cgroup --net --uts --ipc true 2>/dev/null || exit 3
    # The group is entered before its namespace is made: it is the root of what systemd sees.
    bash -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$group" \
        timeout --signal=KILL 150 unshare --mount --pid --fork --kill-child --cgroup --net --uts --ipc \
        bash "$0" boot "$1" "$2" >"$1/console" 2>&1 </dev/null || status=$?
    [ "$status" -ne 3 ] || exit 3
    test -e "$1/seen"
}

# Groups go when nobody is in them any more, the innermost first.
rmdir_tree() {
    local tries
    for tries in $(seq 100); do
        find "$1" -depth -type d -exec rmdir {} + 2>/dev/null && return
        sleep 0.1
    done
    echo "left: $1" >&2
}

boot() {
    local dir=$1 root=$1/root
    mount --make-rprivate /
    mkdir "$root" "$dir/memory"
    mount -t tmpfs none "$dir/memory"
    mkdir "$dir/memory/upper" "$dir/memory/work"
    mount -t overlay overlay "$root" \
        -o "lowerdir=/,upperdir=$dir/memory/upper,workdir=$dir/memory/work" || exit 3
    mount -t proc proc "$root/proc"
    mount -t sysfs sysfs "$root/sys" || exit 3
    mount -t cgroup2 none "$root/sys/fs/cgroup" || exit 3
    for memory in run tmp dev; do mount -t tmpfs none "$root/$memory"; done
    for device in null zero full random urandom tty; do
        touch "$root/dev/$device"
        mount --bind "/dev/$device" "$root/dev/$device"
    done
    mkdir "$root/dev/pts" "$root/dev/shm"
    mount -t devpts devpts "$root/dev/pts" -o newinstance,ptmxmode=0666,mode=620
    ln -s pts/ptmx "$root/dev/ptmx"
    mkdir -p "$root/run/test" "$root/etc/systemd/logind.conf.d" "$root/run/systemd/system"
    mount --bind "$dir" "$root/run/test"
    install -m 755 "$2" "$root/usr/local/bin/upwalk"
    install -m 755 "$0" "$root/usr/local/bin/logind-test"
    printf '[Login]\nKillUserProcesses=yes\nUserStopDelaySec=1\n' \
        >"$root/etc/systemd/logind.conf.d/test.conf"
    printf '[Unit]\nDefaultDependencies=no\nWants=walk.service systemd-logind.service\n' \
        >"$root/run/systemd/system/test.target"
    printf '[Unit]\nAfter=systemd-logind.service dbus.service systemd-user-sessions.service\n%s\n%s\n' \
        'Wants=systemd-user-sessions.service' \
        $'[Service]\nType=oneshot\nExecStart=/usr/local/bin/logind-test inside\nExecStopPost=systemctl --force exit' \
        >"$root/run/systemd/system/walk.service"
    mkdir "$root/run/old"
    cd "$root"
    pivot_root . run/old
    umount -l /run/old
    # The files of the unit lie in /run, which systemd takes over as it is.
    exec env -i container=upwalk-test PATH=/usr/sbin:/usr/bin:/sbin:/bin \
        /lib/systemd/systemd --unit=test.target --log-target=console --show-status=false
}

# Waits until a command succeeds, for a minute at the most.
until_true() {
    local tries
    for tries in $(seq 600); do
        if "$@" >/dev/null 2>&1; then return; fi
        sleep 0.1
    done
    echo "waited in vain for: $*" >>/run/test/seen
    exit 1
}

see() { echo "$*" >>/run/test/seen; }

supervisors() { pgrep -fc '__supervise /home/walker' || true; }

# No login of the user is left, and nothing that was to end with it.
logged_out() { ! loginctl list-sessions --no-legend | grep -q walker; }
manager_gone() { ! systemctl is-active --quiet "user@$(id -u walker).service"; }

over_ssh() {
    ssh -F none -i /run/keys/user -p 22222 -o BatchMode=yes -o StrictHostKeyChecking=no \
        -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR walker@127.0.0.1 "$@"
}

inside() {
    export PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
    exec 2>/run/test/errors
    ip link set lo up
    useradd --create-home --shell /bin/sh walker
    mkdir -p /run/sshd /run/keys
    for key in host user; do ssh-keygen -q -t ed25519 -N '' -f "/run/keys/$key"; done
    chmod 755 /run/keys
    printf '%s\n' 'ListenAddress 127.0.0.1' 'Port 22222' 'HostKey /run/keys/host' 'UsePAM yes' \
        'AuthorizedKeysFile /run/keys/user.pub' 'StrictModes no' 'PidFile none' >/run/keys/config
    systemd-run --quiet --collect /usr/sbin/sshd -D -f /run/keys/config
    until_true over_ssh true
    for service in a b; do
        printf 'upwalk: 1\nservice: %s\nup: [{ pause: Rest }]\n' "$service" \
            >"/home/walker/$service.yaml"
        chown walker: "/home/walker/$service.yaml"
    done

    # A scope of the user's manager, which itself ends after the last login.
    over_ssh 'upwalk up a.yaml --ui none' >/run/test/up 2>&1 || see "up $?"
    see "warned $(grep -c 'loginctl enable-linger walker' /run/test/up)"
    until_true logged_out
    until_true manager_gone
    see "without-linger $(supervisors)"

    # With it, a supervisor that attach starts again stays.
    loginctl enable-linger walker
    over_ssh 'upwalk attach --ui none' >/run/test/attach 2>&1 || see "attach $?"
    see "status $(over_ssh 'upwalk status --json' | grep -c '"survives_logout": true')"
    see "unit $(over_ssh 'upwalk status' | grep -A1 '^  logout' | grep -o 'run-.*scope')"
    until_true logged_out
    see "with-linger $(supervisors)"
    pkill -KILL -u walker -f __supervise
    until_true test "$(supervisors)" = 0

    # Where no scope can be had, it ends with its login, and that is said beforehand.
    chmod 700 /usr/bin/systemd-run
    over_ssh 'upwalk up b.yaml --ui none; upwalk status --json' >/run/test/plain 2>&1 || true
    see "plain-warned $(grep -c 'ends with this login: logind kills' /run/test/plain)"
    see "plain-status $(grep -c '"survives_logout": false' /run/test/plain)"
    until_true logged_out
    see "plain $(supervisors)"
    see "end"
}

mode=$1
shift
"$mode" "$@"
