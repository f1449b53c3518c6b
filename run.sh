#!/bin/sh
# From a bare Debian or Ubuntu (apt, and root or sudo) to the report in the viewer.
set -eu
ROOT=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=orthanc/launch.sh
. "$ROOT/orthanc/launch.sh"
cd "$ROOT"

usage() {
    cat <<'TEXT'
Usage: ./run.sh demo | test | setup

  demo   install what is missing, start archive, viewer and node on loopback, send a
         study as a scanner would, wait for its results, stay up until Ctrl-C
         (ONCE=1: stop everything after the results; status 1 if a step failed)
  test   install what is missing and run every test; one that cannot run fails
  setup  install what is missing, for developers

Only missing packages are installed, by apt; Python's into .venv of this folder.
TEXT
}

say() {
    printf '%s\n' "==> $1"
}

# Run a command as root.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        die "these packages are missing and neither root nor sudo is at hand: $missing"
    fi
}

# Add package $1 to the missing ones unless the test that follows succeeds.
want() {
    package=$1
    shift
    "$@" >/dev/null 2>&1 || missing="$missing $package"
}

# Install what is missing for $1: demo or test.
install_packages() {
    missing=""
    [ "$(uname -s)" = Linux ] || missing_elsewhere
    want ca-certificates test -e /etc/ssl/certs/ca-certificates.crt
    want python3-venv python3 -c 'import ensurepip, venv'
    want orthanc command -v Orthanc
    want orthanc-dicomweb test -e /usr/share/orthanc/plugins/libOrthancDicomWeb.so
    want orthanc-gdcm test -e /usr/share/orthanc/plugins/libOrthancGdcm.so
    want dcmtk test -x /usr/bin/dcmsend
    [ -d .cache/ohif ] || want npm command -v npm
    if [ "$1" = test ]; then
        want npm command -v npm
        want dicom3tools command -v dciodvfy
        # Ubuntu's chromium is a snap: playwright brings its own there.
        is_ubuntu || want chromium test -x /usr/bin/chromium
        want make command -v make
        want libatomic1 has_libatomic # of the Node.js inside playwright
    fi
    [ -n "$missing" ] || return 0
    command -v apt-get >/dev/null || missing_elsewhere
    say "installing with apt:$missing"
    hold_services
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq update
    # shellcheck disable=SC2086  # a list of packages
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes \
        --no-install-recommends $missing >"$APT_LOG" 2>&1 ||
        die "apt could not install$missing: $(tail -n 1 "$APT_LOG") (log $APT_LOG)"
    release_services
}

missing_elsewhere() {
    die "not a Debian or Ubuntu: install Python 3.11 with venv, Orthanc with its DICOMweb and GDCM plugins, DCMTK, npm (and Chromium, dicom3tools, libatomic and make for the tests), then run this again; on Debian they are called python3-venv orthanc orthanc-dicomweb orthanc-gdcm dcmtk npm chromium dicom3tools libatomic1 make"
}

has_libatomic() {
    for library in /lib/*/libatomic.so.1 /usr/lib*/libatomic.so.1; do
        [ ! -e "$library" ] || return 0
    done
    return 1
}

is_ubuntu() {
    grep -q '^ID=ubuntu' /etc/os-release 2>/dev/null
}

# Debian's orthanc package would start a service on the very ports of node.toml. While
# we install, nothing starts (policy-rc.d(8)); afterwards that service, and only if we
# brought it, is disabled.
hold_services() {
    POLICY=/usr/sbin/policy-rc.d
    HELD=""
    case $missing in *" orthanc"*) ;; *) return 0 ;; esac
    [ ! -e "$POLICY" ] || return 0
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$POLICY" >/dev/null
    as_root chmod 755 "$POLICY"
    HELD=1
    trap release_services EXIT
}

release_services() {
    [ -n "$HELD" ] || return 0
    HELD=""
    trap - EXIT
    as_root rm -f "$POLICY"
    case "$missing " in *" orthanc "*) ;; *) return 0 ;; esac
    if [ -d /run/systemd/system ] && command -v systemctl >/dev/null; then
        as_root systemctl --quiet disable orthanc 2>/dev/null || true
        say "Debian's own Orthanc service, installed just now, is disabled: ours is started by ./launch_orthanc.sh"
    fi
}

# Make .venv hold this project with the extras $1, when it does not already.
install_python() {
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        die "Python 3.11 or newer is needed; this is $(python3 --version)"
    stamp=$( (cat pyproject.toml constraints.txt && python3 --version) | cksum)
    kept=$(cat .venv/installed 2>/dev/null || true)
    case $kept in "$stamp "*"$1"*) return 0 ;; esac
    say "installing Python packages into .venv"
    [ -x .venv/bin/python ] || python3 -m venv .venv
    set -- "$1" .venv/bin/python -m pip --disable-pip-version-check -qq install
    extras=$1
    shift
    if ! .venv/bin/python -c 'import torch' 2>/dev/null; then
        torch=$(.venv/bin/python tools/torch_build.py) || die "pip could not plan the installation of torch"
        # shellcheck disable=SC2086  # a list of arguments
        "$@" $torch || die "torch could not be installed"
    fi
    "$@" --constraint constraints.txt --editable ".${extras:+[$extras]}" ||
        die "the Python packages could not be installed"
    printf '%s %s\n' "$stamp" "$extras" >.venv/installed
}

# Fetch what only the tests need: the viewer, and on Ubuntu a browser.
install_test_programs() {
    .venv/bin/python -m orthanc.ohif >/dev/null || exit 1
    is_ubuntu || return 0
    as_root "$ROOT/.venv/bin/playwright" install-deps chromium >/dev/null
    .venv/bin/playwright install chromium >/dev/null
    CHROMIUM=$(.venv/bin/python -c 'from playwright.sync_api import sync_playwright
with sync_playwright() as playwright: print(playwright.chromium.executable_path)')
    export CHROMIUM
}

setup() {
    APT_LOG=$(mktemp)
    install_packages "$1"
    rm -f "$APT_LOG"
    case $1 in
        demo) install_python "" ;;
        test) install_python "test,lint" && install_test_programs ;;
    esac
}

# Empty the demo's own folder, which a marker file proves to be ours.
empty_demo_folder() {
    if [ -d "$DEMO" ]; then
        [ -e "$DEMO/.demo" ] || die "$DEMO is not a folder of this demo: move it away"
        rm -rf "$DEMO"
    fi
    mkdir -p "$DEMO"
    touch "$DEMO/.demo"
}

start_node() {
    start_daemon "$DEMO/node.pid" "$DEMO/node.log" .venv/bin/pacs-node run
    node_pid=$(cat "$DEMO/node.pid")
    waited=0
    until /usr/bin/echoscu -aec "$NODE_AET" 127.0.0.1 "$NODE_PORT" >/dev/null 2>&1; do
        if [ "$waited" -ge 240 ] || ! kill -0 "$node_pid" 2>/dev/null; then
            die "the node did not start: $(tail -n 1 "$DEMO/node.log") (log $DEMO/node.log)"
        fi
        sleep 0.25
        waited=$((waited + 1))
    done
    echo "Node $NODE_AET: DICOM port $NODE_PORT (pid $node_pid, log $DEMO/node.log)"
}

stop_demo() {
    trap - EXIT INT TERM
    echo
    say "stopping"
    stop_daemon "$DEMO/node.pid" pacs-node || true
    ./launch_ohif.sh --stop || true
    ./launch_orthanc.sh --stop || true
}

# The real studies of the shared data where they are, else a synthetic one.
demo_studies() {
    real=${PACS_AI_DATA:-$ROOT/../shared/data}/mr_studies
    if [ -d "$real" ]; then
        set -- "$real"/*/
    else
        set -- "$DEMO/phantom"
        "$PYTHON" -m models.hippocampus.phantom "$1" --seed "${SEED:-1}" >/dev/null ||
            die "the synthetic study could not be written"
    fi
    "$PYTHON" -m orthanc.demo "$@"
}

demo() {
    setup demo
    DEMO="$ROOT/var/demo"
    export PACS_NODE_NODE__DATA_DIR="$DEMO"
    export PACS_NODE_ARCHIVE__STABLE_AGE_S=1
    export PACS_NODE_INBOUND__QUIET_S=3
    need_facts
    need_free_port "$NODE_PORT" PACS_NODE_NODE__PORT
    need_free_port "$ARCHIVE_DICOM_PORT" PACS_NODE_ARCHIVE__DICOM_PORT
    need_free_port "$ARCHIVE_HTTP_PORT" PACS_NODE_ARCHIVE__HTTP_PORT
    need_free_port "$VIEWER_PORT" PACS_NODE_VIEWER__PORT
    empty_demo_folder
    trap stop_demo EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    say "archive, viewer, node"
    ./launch_orthanc.sh
    ./launch_ohif.sh
    start_node
    say "a scanner sends; the archive routes; the node reads"
    demo_studies || exit 1
    [ -z "${ONCE:-}" ] || return 0
    say "everything stays up until Ctrl-C; what became of every study:"
    printf '    PACS_NODE_NODE__DATA_DIR=var/demo .venv/bin/pacs-node jobs\n'
    while kill -0 "$node_pid" 2>/dev/null; do sleep 1; done
    die "the node ended: $(tail -n 1 "$DEMO/node.log")"
}

run_tests() {
    setup test
    say "running the tests"
    # CI=1: a test whose programs are missing fails instead of being skipped.
    # They wait more than they compute: three files at a time on two cores.
    CI=1 exec .venv/bin/python -m pytest -q -n 3 --dist loadfile "$@"
}

case ${1:-} in
    demo) demo ;;
    test) shift && run_tests "$@" ;;
    setup) setup test && say "ready: . .venv/bin/activate, then pacs-node --help; or ./run.sh demo" ;;
    -h | --help) usage ;;
    *) usage >&2 && exit 2 ;;
esac
