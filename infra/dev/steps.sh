# The steps of setup.sh: each is done at most once, and says what it does. Needs CACHE with a folder `logs`.

fail() {
  printf '\nsetup.sh: %s\n' "$1" >&2
  shift
  for line in "$@"; do printf '  %s\n' "$line" >&2; done
  exit 1
}

# step TITLE ABOUT CHECK ACTION: runs ACTION unless CHECK says that its result is there, and checks again afterwards.
step() {
  attempt "$@"
  [ -n "$problem" ] || return 0
  tail -20 "$log" >&2
  fail "'$1' $problem; the whole output is in $log" "mend what it names and run infra/dev/setup.sh again: steps that are done are skipped"
}

# The same for what only makes things faster: everything works without it, so its failure is told and no more.
step_for_speed() {
  attempt "$@"
  [ -z "$problem" ] || printf '  %-46s left out, it %s: everything works without it\n' "$1" "$problem"
}

# Sets `problem`, empty when all went well, and `log`. Not by its exit code: in an `if` bash would go on after a failed
# command, also within what the `if` calls.
attempt() {
  local title=$1 about=$2 check=$3 action=$4 started=$SECONDS
  problem=
  if "$check"; then
    printf '  %-46s there\n' "$title"
    return
  fi
  printf '  %-46s installing, about %s …\n' "$title" "$about"
  log="$CACHE/logs/${action}.log"
  "$action" >"$log" 2>&1 </dev/null &
  if ! wait $!; then
    problem=failed
  elif ! "$check"; then
    problem="ran without an error, yet its result is not there"
  else
    printf '  %-46s done in %s s\n' "$title" "$((SECONDS - started))"
  fi
}
