#!/usr/bin/env bash
# A step that fails ends the set-up; one that only makes things faster never does.
set -euo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
CACHE=$(mktemp -d)
trap 'rm -rf "$CACHE"' EXIT
mkdir "$CACHE/logs"
export CACHE

# set_up STEP: a set-up with one step that fails; in a process of its own, since an `if` would switch `set -e` off.
set_up() {
  bash -euc '
    . "$1"
    missing() { false; }
    fails() { false; echo "went on after a failed command"; }
    "$2" "a tool" "1 s" missing fails
    echo "the next step"' - "$HERE/steps.sh" "$1" >"$CACHE/said" 2>&1
}
wrong() { printf 'check_steps.sh: %s\n' "$1" >&2; cat "$CACHE/said" >&2; exit 1; }

set_up step_for_speed || wrong "a step that only makes things faster ended the set-up"
grep -q "left out" "$CACHE/said" || wrong "it was not told what was left out"
grep -q "the next step" "$CACHE/said" || wrong "the set-up did not go on"
if set_up step; then wrong "a step that failed did not end the set-up"; fi
if grep -q "the next step" "$CACHE/said"; then wrong "the set-up went on after a step that failed"; fi
if grep -q "went on" "$CACHE/logs/fails.log"; then wrong "a step went on after a failed command"; fi
