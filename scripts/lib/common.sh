# shellcheck shell=bash
# What all scripts share: where the repository is, how much the machine can carry, and one way to speak.
# Sourced, never run. The caller has set -euo pipefail.

FENCEPOST_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

say() { printf -- '== %s\n' "$*"; }
warn() { printf -- 'warning: %s\n' "$*" >&2; }
die() {
  printf -- 'error: %s\n' "$*" >&2
  exit 1
}

# The memory that this process may use, in MB: the machine's available memory or the container's limit,
# whichever is less.
memory_mb() {
  local available limit
  available=$(awk '/^MemAvailable:/ {print int($2 / 1024)}' /proc/meminfo)
  limit=$(cat /sys/fs/cgroup/memory.max 2>/dev/null || echo max)
  if [[ $limit =~ ^[0-9]+$ ]] && ((limit / 1048576 < available)); then
    available=$((limit / 1048576))
  fi
  echo "$available"
}

# Parallel jobs: one a core, but no more than memory carries at 1200 MB each, which a file that includes Beast
# or nlohmann/json takes with sanitizers. FENCEPOST_JOBS overrides.
job_count() {
  local jobs by_memory
  if [[ ${FENCEPOST_JOBS:-} =~ ^[1-9][0-9]*$ ]]; then
    echo "$FENCEPOST_JOBS"
    return
  fi
  jobs=$(nproc)
  by_memory=$(($(memory_mb) / 1200))
  ((by_memory < jobs)) && jobs=$by_memory
  ((jobs < 1)) && jobs=1
  echo "$jobs"
}

# Runs a command so that a signal to this script ends the command with all its children, and only them: in a
# process group of its own, except on a terminal, where the command stays in the foreground and can read.
SUPERVISED=
supervise() {
  if [[ -t 0 ]]; then
    "$@"
    return
  fi
  local status=0
  set -m
  "$@" <&0 &
  SUPERVISED=$!
  set +m
  wait "$SUPERVISED" || status=$?
  SUPERVISED=
  return "$status"
}

# at_exit FUNCTION: calls it however this script ends, SIGKILL excepted.
at_exit() {
  # shellcheck disable=SC2064 # the name is meant now
  trap "$1" EXIT
  local signal
  for signal in HUP INT TERM; do
    # shellcheck disable=SC2064
    trap "end_supervised; exit $((128 + $(kill -l "$signal")))" "$signal"
  done
}

end_supervised() {
  [[ -n $SUPERVISED ]] || return 0
  kill -TERM -- "-$SUPERVISED" 2>/dev/null || true
  wait "$SUPERVISED" 2>/dev/null || true
  SUPERVISED=
}

# build_preset PRESET [TARGET...]: configures when needed and builds.
build_preset() {
  local preset=$1 jobs targets=()
  shift
  jobs=$(job_count)
  if (($# > 0)); then targets=(--target "$@"); fi
  say "Building preset '$preset' with $jobs job(s) in build/$preset"
  (
    cd "$FENCEPOST_ROOT" &&
      cmake --preset "$preset" --log-level=WARNING >/dev/null &&
      cmake --build --preset "$preset" -j "$jobs" "${targets[@]}"
  )
}

# The repository's C++ files, tracked or new, one a line, relative to its root.
cpp_files() {
  cd "$FENCEPOST_ROOT" || return
  if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
    git ls-files --cached --others --exclude-standard -- '*.cpp' '*.hpp'
  else # an unpacked archive
    find include src tests bench sim emulators examples -name '*.[ch]pp' 2>/dev/null
  fi | sort -u | while read -r file; do
    if [[ -f $file ]]; then echo "$file"; fi
  done
}
