#!/bin/sh
# Start the archive, Orthanc, wait until it answers and print its address.
set -eu
ROOT=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=orthanc/launch.sh
. "$ROOT/orthanc/launch.sh"

IMAGE=${ORTHANC_IMAGE:-jodogne/orthanc-plugins:1.12.4}
CONTAINER=pacs-ai-orthanc

usage() {
    cat <<'TEXT'
Usage: ./launch_orthanc.sh [--docker] [--foreground | --stop]

Starts Orthanc with the AE titles and ports of node.toml and lua/route_dicoms.lua, in
the background with a log file. Images are kept in <data_dir>/orthanc/storage.

  --docker      in a container with the host's network (Linux) instead of natively
  --foreground  stay in the foreground until Ctrl-C
  --stop        end the one that this script started
TEXT
}

# Say where a running archive is: $1 what it is, such as "pid 12".
announce() {
    echo "Orthanc $ARCHIVE_AET: DICOM port $ARCHIVE_DICOM_PORT, http://127.0.0.1:$ARCHIVE_HTTP_PORT ($1, log $LOG)"
}

start_native() {
    command -v Orthanc >/dev/null ||
        die "Orthanc is missing: apt-get install orthanc orthanc-dicomweb orthanc-gdcm (or use --docker)"
    need_facts archive
    mkdir -p "$RUN_FOLDER/storage"
    # Without it every small message waits 40 ms for Nagle's algorithm.
    export TCP_NODELAY=1
    [ -z "$FOREGROUND" ] || exec Orthanc "$RUN_FOLDER/orthanc.json"
    start_daemon "$PID_FILE" "$LOG" Orthanc "$RUN_FOLDER/orthanc.json"
    pid=$(cat "$PID_FILE")
    wait_http "http://127.0.0.1:$ARCHIVE_HTTP_PORT/system" "$pid" 30 ||
        die "Orthanc did not start: $(grep -E '^E' "$LOG" | tail -n 1) (log $LOG)"
    announce "pid $pid"
}

start_docker() {
    command -v docker >/dev/null || die "docker is missing: install it, or start Orthanc natively without --docker"
    need_facts archive --container 127.0.0.1
    mkdir -p "$RUN_FOLDER/storage"
    set -- --rm --name "$CONTAINER" --network host --env TCP_NODELAY=1 \
        --volume "$RUN_FOLDER/orthanc.json:/etc/orthanc/orthanc.json:ro" \
        --volume "$ROOT/lua/route_dicoms.lua:/etc/orthanc/route_dicoms.lua:ro" \
        --volume "$RUN_FOLDER/storage:/var/lib/orthanc/db" "$IMAGE"
    [ -z "$FOREGROUND" ] || exec docker run "$@"
    docker run --detach "$@" >/dev/null || die "the container $CONTAINER did not start"
    wait_http "http://127.0.0.1:$ARCHIVE_HTTP_PORT/system" "" 60 ||
        die "Orthanc does not answer: docker logs $CONTAINER"
    LOG="docker logs $CONTAINER"
    announce "container $CONTAINER"
}

docker_runs() {
    command -v docker >/dev/null && [ -n "$(docker ps --quiet --filter "name=^$CONTAINER\$" 2>/dev/null)" ]
}

DOCKER="" FOREGROUND="" STOP=""
for argument in "$@"; do
    case $argument in
        --docker) DOCKER=1 ;;
        --foreground) FOREGROUND=1 ;;
        --stop) STOP=1 ;;
        -h | --help) usage && exit 0 ;;
        *) usage >&2 && exit 2 ;;
    esac
done

need_facts
PID_FILE="$RUN_FOLDER/orthanc.pid"
LOG="$RUN_FOLDER/orthanc.log"

if [ -n "$STOP" ]; then
    if docker_runs; then docker stop "$CONTAINER"; else stop_daemon "$PID_FILE" Orthanc; fi
    exit 0
fi
if pid=$(running_pid "$PID_FILE" Orthanc); then
    announce "already running, pid $pid"
    exit 0
fi
if docker_runs; then
    LOG="docker logs $CONTAINER"
    announce "already running, container $CONTAINER"
    exit 0
fi
need_free_port "$ARCHIVE_DICOM_PORT" PACS_NODE_ARCHIVE__DICOM_PORT
need_free_port "$ARCHIVE_HTTP_PORT" PACS_NODE_ARCHIVE__HTTP_PORT
if [ -n "$DOCKER" ]; then start_docker; else start_native; fi
