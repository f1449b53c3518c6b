# shellcheck shell=sh disable=SC2034
# Sourced by launch_orthanc.sh, launch_ohif.sh, send_volume.sh and run.sh, which set
# ROOT, the checkout, before. Plain POSIX shell.

die() {
    printf '%s\n' "$1" >&2
    exit 1
}

# Set PYTHON to the environment's interpreter.
need_python() {
    PYTHON="$ROOT/.venv/bin/python"
    [ -x "$PYTHON" ] || die "the Python environment .venv is missing: ./run.sh setup"
}

# Set the facts of node.toml and the environment: DATA_DIR, ARCHIVE_AET, … The
# arguments are orthanc.render's: "archive" and "viewer" write a configuration as well.
need_facts() {
    need_python
    [ $# -gt 0 ] || set -- facts
    facts=$(cd "$ROOT" && "$PYTHON" -m orthanc.render "$@") || exit 1
    eval "$facts"
}

# Print the process id in file $1 when that process lives and its command holds $2.
running_pid() {
    [ -r "$1" ] || return 1
    pid=$(cat "$1")
    kill -0 "$pid" 2>/dev/null || return 1
    if [ -r "/proc/$pid/cmdline" ]; then
        tr '\0' ' ' <"/proc/$pid/cmdline" | grep -qF -- "$2" || return 1
    else
        ps -p "$pid" -o args= | grep -qF -- "$2" || return 1
    fi
    printf '%s\n' "$pid"
}

# Die when TCP port $1 is taken; $2 is the variable that chooses another one.
need_free_port() {
    "$PYTHON" -c 'import socket, sys
with socket.socket() as probe:
    sys.exit(0 if probe.connect_ex(("127.0.0.1", int(sys.argv[1]))) else 1)' "$1" && return
    holder=$(ss -Hltnp "sport = :$1" 2>/dev/null | sed -n 's/.*users:((\(.*\)))$/\1/p' | head -n 1)
    advice=""
    if command -v systemctl >/dev/null && systemctl is-active --quiet orthanc 2>/dev/null; then
        advice="; Debian's own Orthanc runs here: sudo systemctl disable --now orthanc"
    fi
    die "port $1 is taken${holder:+ by $holder}: end that, or choose another port with $2=PORT$advice"
}

# Start a command in the background: $1 file of its process id, $2 its log file.
start_daemon() {
    pid_file=$1
    log_file=$2
    shift 2
    nohup "$@" >"$log_file" 2>&1 </dev/null &
    printf '%s\n' $! >"$pid_file"
}

# Wait until an HTTP address answers anything at all: $1 address, $2 process id that
# must live meanwhile (empty: none), $3 seconds.
wait_http() {
    (cd "$ROOT" && "$PYTHON" -m orthanc.wait "$1" --pid "${2:-0}" --timeout "$3")
}

# End the process of file $1 whose command holds $2, and wait for its end.
stop_daemon() {
    if pid=$(running_pid "$1" "$2"); then
        kill "$pid"
        for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
            kill -0 "$pid" 2>/dev/null || break
            sleep 0.5
        done
        kill -0 "$pid" 2>/dev/null && kill -9 "$pid"
        printf 'stopped, pid %s\n' "$pid"
    else
        printf 'not running\n'
    fi
    rm -f "$1"
}
