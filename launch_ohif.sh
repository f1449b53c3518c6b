#!/bin/sh
# Start the viewer, OHIF, wait until it answers and print its address.
set -eu
ROOT=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=orthanc/launch.sh
. "$ROOT/orthanc/launch.sh"

IMAGE=pacs-ai-viewer
CONTAINER=pacs-ai-viewer

usage() {
    cat <<'TEXT'
Usage: ./launch_ohif.sh [--docker] [--foreground | --stop] [--tarball FILE]

Serves OHIF and the way to the archive's DICOMweb on one port, in the background with a
log file. OHIF itself is fetched once by npm and its checksum verified.

  --docker        in a container with the host's network (Linux) instead of natively
  --foreground    stay in the foreground until Ctrl-C
  --stop          end the one that this script started
  --tarball FILE  take OHIF's package from a file instead of npm
TEXT
}

announce() {
    echo "OHIF: http://127.0.0.1:$VIEWER_PORT ($1)"
}

start_native() {
    [ -d "$ROOT/.cache/ohif" ] || echo "fetching OHIF (50 MB, once)"
    dist=$(cd "$ROOT" && "$PYTHON" -m orthanc.ohif ${TARBALL:+--tarball "$TARBALL"}) || exit 1
    need_facts viewer
    cd "$ROOT"
    set -- "$PYTHON" -m orthanc.viewer --dist "$dist"
    [ -z "$FOREGROUND" ] || exec "$@"
    start_daemon "$PID_FILE" "$LOG" "$@"
    pid=$(cat "$PID_FILE")
    wait_http "http://127.0.0.1:$VIEWER_PORT/" "$pid" 30 ||
        die "the viewer did not start: $(tail -n 1 "$LOG") (log $LOG)"
    announce "pid $pid, log $LOG"
}

start_docker() {
    command -v docker >/dev/null || die "docker is missing: install it, or start the viewer natively without --docker"
    need_facts viewer
    docker build --quiet --target viewer --tag "$IMAGE" "$ROOT" >/dev/null || die "the image $IMAGE could not be built"
    set -- --rm --name "$CONTAINER" --network host --env PACS_NODE_VIEWER__PORT="$VIEWER_PORT" \
        --env PACS_NODE_ARCHIVE__HTTP_PORT="$ARCHIVE_HTTP_PORT" \
        --env PACS_NODE_ARCHIVE_USER --env PACS_NODE_ARCHIVE_PASSWORD "$IMAGE" --listen 127.0.0.1
    [ -z "$FOREGROUND" ] || exec docker run "$@"
    docker run --detach "$@" >/dev/null || die "the container $CONTAINER did not start"
    wait_http "http://127.0.0.1:$VIEWER_PORT/" "" 60 || die "OHIF does not answer: docker logs $CONTAINER"
    announce "container $CONTAINER"
}

docker_runs() {
    command -v docker >/dev/null && [ -n "$(docker ps --quiet --filter "name=^$CONTAINER\$" 2>/dev/null)" ]
}

DOCKER="" FOREGROUND="" STOP="" TARBALL=""
while [ $# -gt 0 ]; do
    case $1 in
        --docker) DOCKER=1 ;;
        --foreground) FOREGROUND=1 ;;
        --stop) STOP=1 ;;
        --tarball)
            [ $# -gt 1 ] || die "--tarball needs a file"
            TARBALL=$(realpath "$2")
            shift
            ;;
        -h | --help) usage && exit 0 ;;
        *) usage >&2 && exit 2 ;;
    esac
    shift
done

need_facts
PID_FILE="$RUN_FOLDER/viewer.pid"
LOG="$RUN_FOLDER/viewer.log"

if [ -n "$STOP" ]; then
    if docker_runs; then docker stop "$CONTAINER"; else stop_daemon "$PID_FILE" orthanc.viewer; fi
    exit 0
fi
if pid=$(running_pid "$PID_FILE" orthanc.viewer); then
    announce "already running, pid $pid, log $LOG"
    exit 0
fi
if docker_runs; then
    announce "already running, container $CONTAINER"
    exit 0
fi
need_free_port "$VIEWER_PORT" PACS_NODE_VIEWER__PORT
if [ -n "$DOCKER" ]; then start_docker; else start_native; fi
