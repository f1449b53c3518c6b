#!/bin/sh
# Play a scanner: send whole studies to the archive by C-STORE.
set -eu
ROOT=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=orthanc/launch.sh
. "$ROOT/orthanc/launch.sh"

usage() {
    cat <<'TEXT'
Usage: ./send_volume.sh [STUDY_DIR…]

Sends every DICOM file below each folder, whatever it is called, to the archive in one
association per folder. Without a folder: the studies of mr_studies in the shared data
(PACS_AI_DATA) where they are present, else a synthetic study (SEED=N chooses which).
TEXT
}

# DCMTK's dcmsend rather than storescu: it passes over files that are not DICOM and
# proposes the transfer syntax that each file has. A virtual environment may hold
# scripts of the same names, hence the path.
SENDER=/usr/bin/dcmsend
[ -x "$SENDER" ] || SENDER=$(command -v dcmsend) || die "DCMTK is missing: apt-get install dcmtk"

# Send folder $1 and say how many images were stored.
send() {
    [ -d "$1" ] || die "$1 is not a folder"
    report=$(mktemp)
    export TCP_NODELAY=1
    status=0
    said=$("$SENDER" --quiet --no-halt +sd +r --decompress-never +crf "$report" \
        -aet "$SCANNER_AET" -aec "$ARCHIVE_AET" \
        "$ARCHIVE_HOST" "$ARCHIVE_DICOM_PORT" "$1" 2>&1) || status=$?
    offered=$(grep -c '^Number  *:' "$report" || true)
    stored=$(grep -cE '^DIMSE Status *: 0x(0000|B0)' "$report" || true)
    rm -f "$report"
    case $status in 21 | 23) die "no DICOM file below $1" ;; esac # nothing there, nothing DICOM
    if [ "$offered" -eq 0 ] || [ "$stored" -ne "$offered" ]; then
        die "$stored of $offered images stored${said:+ ($(echo "$said" | tail -n 1))}: does $ARCHIVE_AET run at $ARCHIVE_HOST:$ARCHIVE_DICOM_PORT (./launch_orthanc.sh) and know $SCANNER_AET?"
    fi
    echo "$SCANNER_AET → $ARCHIVE_AET $ARCHIVE_HOST:$ARCHIVE_DICOM_PORT: $stored images of $(basename "$1")"
}

case ${1:-} in
    -h | --help) usage && exit 0 ;;
    -*) usage >&2 && exit 2 ;;
esac
need_facts
if [ $# -eq 0 ]; then
    real=${PACS_AI_DATA:-$ROOT/../shared/data}/mr_studies
    if [ -d "$real" ]; then
        set -- "$real"/*/
    else
        seed=${SEED:-1}
        set -- "$DATA_DIR/phantom/$seed"
        (cd "$ROOT" && "$PYTHON" -m models.hippocampus.phantom "$1" --seed "$seed") ||
            die "the synthetic study could not be written to $1"
    fi
fi
for folder in "$@"; do
    send "$folder"
done
