#!/usr/bin/env bash
# Builds the fuzz targets and runs each of them, two at a time.
#
#   FUZZ_SECONDS=3600 make fuzz     longer than the default of 60 s a target
#   TARGETS=scrub make fuzz         only these
#   FUZZ_SEED=1 make fuzz           the same inputs each time, from the project's own seeds: what `make test` does, so that its
#                                   verdict is the tree's and what it finds is found again by everyone. Without it the inputs
#                                   differ, and what a run found of interest is kept in the cache folder for the next one
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
: "${CT_CACHE:=$HOME/.cache/customer-telemetry}" "${FUZZ_SECONDS:=60}" "${FUZZ_SEED:=}"
: "${TARGETS:=$(cd "$ROOT/fuzz/fuzz_targets" && ls ./*.rs | sed 's#\./##; s#\.rs$##')}"
# Not beside the other builds: each instruction of these is counted.
export CARGO_TARGET_DIR=$CT_CACHE/target-fuzz
export PATH="$CT_CACHE/tools/bin:$HOME/.cargo/bin:$PATH"
BIN=$CARGO_TARGET_DIR/x86_64-unknown-linux-gnu/release
LOGS=$CT_CACHE/logs/fuzz

cd "$ROOT"
mkdir -p "$LOGS"
# No sanitizer: our code is safe Rust, and the stable compiler has none.
cargo fuzz build --sanitizer none

# seed TARGET EXAMPLE: what the target makes of an example of the ingest contract
seed() {
  case $1 in
    ingest) jq -r '[.events[] | tojson] | join(",")' "$2" ;;
    scrub) jq -r '.. | strings' "$2" ;;
  esac
}

# hostile_lines FOLDER: each hostile recording as a chunk has it, a line for each event
hostile_lines() {
  local vector
  for vector in replay/hostile/*.json; do jq -c '.events[]' "$vector" >"$1/$(basename "$vector" .json)"; done
}

# fuzz TARGET: on the examples of the contract, on seeds of its own, and on what earlier runs found
fuzz() {
  local target=$1 corpus=$CT_CACHE/fuzz/$1 seeds example
  seeds=$(mktemp -d)
  if [ -n "$FUZZ_SEED" ]; then corpus=$(mktemp -d); fi
  mkdir -p "$corpus"
  for example in schemas/examples/*/*.json; do
    seed "$target" "$example" >"$seeds/$(basename "$example")" 2>/dev/null || true
  done
  if [ "$target" = frames ]; then cp schemas/examples/replay/*/*.json "$seeds"; fi
  if [ -d "fuzz/seeds/$target" ]; then cp "fuzz/seeds/$target"/* "$seeds"; fi
  if [ "$target" = replay ]; then hostile_lines "$seeds"; fi
  if (cd "$CT_CACHE" && "$BIN/$target" -seed="${FUZZ_SEED:-0}" -max_total_time="$FUZZ_SECONDS" -timeout=10 -rss_limit_mb=2048 -artifact_prefix="$LOGS/$target-" "$corpus" "$seeds") >"$LOGS/$target.log" 2>&1; then
    printf '  %-8s %s\n' "$target" "$(grep '^Done' "$LOGS/$target.log")"
  else
    printf '  %-8s FAILED; its input and its words lie in %s\n' "$target" "$LOGS" >&2
    tail -n 40 "$LOGS/$target.log" >&2
    return 1
  fi
  rm -r "$seeds"
  if [ -n "$FUZZ_SEED" ]; then rm -r "$corpus"; fi
}
export -f fuzz seed hostile_lines
export BIN CT_CACHE FUZZ_SECONDS FUZZ_SEED LOGS

printf 'Fuzzing each target for %s s\n' "$FUZZ_SECONDS"
# shellcheck disable=SC2086 # a list of words
printf '%s\n' $TARGETS | xargs -P 2 -I TARGET bash -euc 'fuzz TARGET'
