#!/usr/bin/env bash
# scripts/lib/lint.sh [--changed]: clang-tidy over the sources that build/dev compiles, or over those of them
# that differ from HEAD. Ends with "N passed, N failed", counted in files.
set -euo pipefail
# shellcheck source=scripts/lib/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# 14, Debian's default, cannot read libstdc++ 12's ranges.
tool=
for version in 16 17 18 19; do
  tool=$(command -v "clang-tidy-$version") && break
done
[[ -n $tool ]] || die "clang-tidy from version 16 on is not installed (scripts/lib/install.sh lint)"

cd "$FENCEPOST_ROOT"
database=build/dev/compile_commands.json
[[ -f $database ]] || die "$database is missing: build the preset dev first"

# clang-tidy takes the word after the compiler's launcher for a source file, so the launcher goes.
mkdir -p build/lint
mapfile -t files < <(python3 - "$database" build/lint/compile_commands.json "$FENCEPOST_ROOT" <<'PYTHON'
import json, os, re, sys
entries = json.load(open(sys.argv[1]))
for entry in entries:
    entry["command"] = re.sub(r"^\S*ccache ", "", entry["command"])
json.dump(entries, open(sys.argv[2], "w"))
print("\n".join(sorted({os.path.relpath(e["file"], sys.argv[3]) for e in entries})))
PYTHON
)
if [[ ${1:-} == --changed ]]; then
  mapfile -t files < <(comm -12 <(printf '%s\n' "${files[@]}" | sort) \
    <({ git diff --name-only HEAD 2>/dev/null; git ls-files --others --exclude-standard; } | sort -u))
fi
if ((${#files[@]} == 0)); then
  say "Nothing to lint"
  echo "0 passed, 0 failed"
  exit 0
fi

# One process a file; each tells by a line whether the file is clean.
# shellcheck disable=SC2016 # for the inner shell
failed=$(printf '%s\0' "${files[@]}" |
  xargs -0 -P "$(job_count)" -I{} sh -c '
    out=$("$0" -p build/lint --quiet "$1" 2>/dev/null) || { printf "%s\n" "$out" >&2; echo "$1"; }
  ' "$tool" {})
count=0
if [[ -n $failed ]]; then count=$(wc -l <<<"$failed"); fi
echo "$((${#files[@]} - count)) passed, $count failed"
((count == 0))
