#!/bin/sh
# A folder of ZIPs in, a spreadsheet out: in a container where Docker answers, else natively.
set -eu
ROOT=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=orthanc/launch.sh
. "$ROOT/orthanc/launch.sh"

usage() {
    cat <<'TEXT'
Usage: ./run-batch.sh [--native | --docker] [INPUT [OUTPUT [OPTION...]]]

Reads every study in INPUT, ZIPs or folders of DICOM, and leaves in OUTPUT:
  results_DATE_TIME.xlsx   a row for every study
  summary.json             the same for a machine
  results/                 the DICOM results; the same command goes on there

  INPUT     else $INPUT_DIR, else ./input; it is only read
  OUTPUT    else $OUTPUT_DIR, else ./output; it is made
  OPTION    of `pacs-node batch`, such as --model, --workers 2, --fast,
            --truth-from-names, --lang ru
            A file that it names is that of the folder in which you type; a
            container may read it, and writes in OUTPUT alone
  --native  without a container, in .venv (./run.sh setup makes it)
  --docker  in a container, or not at all

A GPU is used where there is one. Exit status: 0 every study was read, 1 one was not
(its row says why), 2 wrong use, 130 interrupted.
TEXT
}

wrong() {
    printf '%s\n' "$1" >&2
    exit 2
}

# Print the absolute path of folder $1.
absolute() {
    (CDPATH='' cd -- "$1" && pwd)
}

# Print path $1 in full, as the caller's folder has it; its last part may be missing.
full() {
    if [ -d "$1" ]; then
        absolute "$1"
    elif [ -d "$(dirname -- "$1")" ]; then
        folder=$(absolute "$(dirname -- "$1")")
        printf '%s\n' "${folder%/}/$(basename -- "$1")"
    else
        case $1 in /*) printf '%s\n' "$1" ;; *) printf '%s\n' "$PWD/$1" ;; esac
    fi
}

# Set GIVEN to file $2 of option $1, which is read.
to_read() {
    [ -e "$2" ] || wrong "$1 $2: no such file or folder; name one that is there"
    GIVEN=$(full "$2")
    [ "$WAY" = --docker ] || return 0
    case $GIVEN in *:*) wrong "$1 $2: Docker takes no path with a colon: rename it, or type --native" ;; esac
    case $1 in
        --truth) TRUTH=$GIVEN GIVEN="/given/truth/${GIVEN##*/}" ;;
        --bundle) BUNDLE=$GIVEN GIVEN="/given/bundle/${GIVEN##*/}" ;;
        *) CONFIG=$GIVEN GIVEN="/given/config/${GIVEN##*/}" ;;
    esac
}

# Set GIVEN to file $2 of option $1, which is written.
to_write() {
    GIVEN=$(full "$2")
    [ "$WAY" = --docker ] || return 0
    case $GIVEN in
        "$OUTPUT"/*) GIVEN="/output/${GIVEN#"$OUTPUT"/}" ;;
        *) wrong "$1 $2: a container writes in OUTPUT alone: name a file there, or type --native" ;;
    esac
}

# Set GIVEN to what option $1 is to be handed on with: its value is $2.
settle() {
    GIVEN=$2
    [ -n "$2" ] || return 0
    case $1 in
        --truth | --bundle | --config | -c) to_read "$1" "$2" ;;
        *) to_write "$1" "$2" ;;
    esac
}

docker_answers() {
    docker info >/dev/null 2>&1 && docker compose version >/dev/null 2>&1
}

has_gpu() {
    command -v nvidia-smi >/dev/null && nvidia-smi -L >/dev/null 2>&1
}

# Say what lies in folder $1; die when there is nothing to read.
look() {
    zips=$(find -L "$1" -type f -iname '*.zip' | wc -l)
    if [ "$zips" -gt 0 ]; then
        echo "$((zips)) ZIP in $1"
    elif [ -n "$(find -L "$1" -type f | head -n 1)" ]; then
        echo "no ZIP in $1: its folders are read as they are"
    else
        die "no ZIP in $1: put the ZIPs of the studies there, or name their folder: ./run-batch.sh INPUT"
    fi
}

make_output() {
    mkdir -p -- "$1" 2>/dev/null || die "$1 cannot be made: name another folder: ./run-batch.sh INPUT OUTPUT"
    [ -w "$1" ] || die "$1 is not writable: name another folder: ./run-batch.sh INPUT OUTPUT"
}

# Run in a container; the arguments are further options.
in_container() {
    service="batch"
    gpu="no GPU"
    if has_gpu; then
        service=batch-gpu
        gpu="with GPU"
    fi
    echo "in a container, $gpu"
    INPUT_DIR=$INPUT OUTPUT_DIR=$OUTPUT BATCH_USER="$(id -u):$(id -g)"
    export INPUT_DIR OUTPUT_DIR BATCH_USER
    set -- "$service" python -m node batch /input --output "/output/$TABLE" \
        --summary /output/summary.json --results /output/results "$@"
    [ -z "$TRUTH" ] || set -- --volume "$TRUTH:/given/truth/${TRUTH##*/}:ro" "$@"
    [ -z "$BUNDLE" ] || set -- --volume "$BUNDLE:/given/bundle/${BUNDLE##*/}:ro" "$@"
    [ -z "$CONFIG" ] || set -- --volume "$CONFIG:/given/config/${CONFIG##*/}:ro" "$@"
    exec docker compose --project-directory "$ROOT" -f "$ROOT/docker-compose.batch.yml" \
        run --rm "$@"
}

# Run in this checkout's environment; the arguments are further options.
natively() {
    need_python
    gpu="no GPU"
    ! has_gpu || gpu="with GPU"
    echo "natively, $gpu"
    cd "$ROOT"
    exec "$PYTHON" -m node batch "$INPUT" --output "$OUTPUT/$TABLE" \
        --summary "$OUTPUT/summary.json" --results "$OUTPUT/results" "$@"
}

WAY=""
while [ $# -gt 0 ]; do
    case $1 in
        -h | --help) usage && exit 0 ;;
        --native | --docker) WAY=$1 && shift ;;
        -*) wrong "$1: name INPUT and OUTPUT first; ./run-batch.sh --help" ;;
        *) break ;;
    esac
done
INPUT=${INPUT_DIR:-./input}
OUTPUT=${OUTPUT_DIR:-./output}
if [ $# -gt 0 ]; then
    INPUT=$1
    shift
    case ${1:---} in -*) ;; *) OUTPUT=$1 && shift ;; esac
fi
[ -d "$INPUT" ] || wrong "$INPUT: no such folder; name the one with the ZIPs: ./run-batch.sh INPUT"
if [ ! -r "$INPUT" ] || [ ! -x "$INPUT" ]; then
    die "$INPUT cannot be read: ask its owner, or copy it"
fi
look "$INPUT"
make_output "$OUTPUT"
INPUT=$(absolute "$INPUT")
OUTPUT=$(absolute "$OUTPUT")
TABLE=results_$(date +%Y-%m-%d_%H-%M-%S).xlsx

if [ "$WAY" = --docker ]; then
    docker_answers || die "Docker does not answer: start it, or type ./run-batch.sh --native"
elif [ -z "$WAY" ] && docker_answers; then
    WAY=--docker
fi

# Every option goes through once, from the front of the list to its end.
TRUTH="" BUNDLE="" CONFIG=""
left=$#
while [ "$left" -gt 0 ]; do
    option=$1
    shift
    left=$((left - 1))
    case $option in
        --truth=* | --bundle=* | --config=* | --output=* | --summary=* | --results=*)
            settle "${option%%=*}" "${option#*=}"
            set -- "$@" "${option%%=*}" "$GIVEN"
            ;;
        --truth | --bundle | --config | --output | --summary | --results | -c | -o)
            set -- "$@" "$option"
            [ "$left" -gt 0 ] || break # the program says what is missing
            settle "$option" "$1"
            shift
            left=$((left - 1))
            set -- "$@" "$GIVEN"
            ;;
        -c?* | -o?*)
            short=${option%"${option#-?}"}
            settle "$short" "${option#-?}"
            set -- "$@" "$short" "$GIVEN"
            ;;
        *) set -- "$@" "$option" ;;
    esac
done
[ "$WAY" != --docker ] || in_container "$@"
natively "$@"
