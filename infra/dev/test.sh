#!/usr/bin/env bash
# Everything that must hold before a change lands, quick checks first. `make test` runs it, and so does CI.
#
#   TEST_ONLY="rust web" make test    only these phases
#   ACCEPT_SEEDS="3 4" make test      other seeds for the acceptance run (default: 1 20261121)
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$ROOT"
: "${CT_CACHE:=$HOME/.cache/customer-telemetry}" "${CARGO_TARGET_DIR:=$CT_CACHE/target}"
export CT_CACHE CARGO_TARGET_DIR
export PATH="$CT_CACHE/node/node_modules/.bin:$PATH:$HOME/.cargo/bin:/usr/local/go/bin"
export CARGO_TERM_PROGRESS_WHEN=never

BIN=$CARGO_TARGET_DIR/debug
ACCEPTANCE=$ROOT/../shared/accept/spine.py
times=()

# phase NAME WHAT COMMAND…: one headline, the command's own output, its time
phase() {
  local name=$1 what=$2 started=$SECONDS
  shift 2
  [ -z "${TEST_ONLY:-}" ] || [[ " $TEST_ONLY " == *" $name "* ]] || return 0
  printf '\n== %s: %s\n' "$name" "$what"
  if ! "$@"; then
    printf '\n== %s FAILED after %s s. Alone again: TEST_ONLY=%s make test\n' "$name" "$((SECONDS - started))" "$name" >&2
    exit 1
  fi
  times+=("$(printf '%-12s %5s s' "$name" "$((SECONDS - started))")")
}

setup() { infra/dev/check_steps.sh && infra/dev/setup.sh; }

# `cluster/` is a workspace of its own; its layout needs no build of it.
format() { cargo fmt --all --check && cargo fmt --check --manifest-path cluster/Cargo.toml; }

boundaries() { infra/dev/check_boundaries.py && infra/dev/check_circles.py && infra/dev/check_licences.py; }

web() {
  npm --prefix web run --silent lint && npm --prefix web run --silent build && npm --prefix web test --silent &&
    node --test bench/page/*.test.mjs
}

# Both in one feature set (check_boundaries.py holds it). The binaries first: tests of `standalone` run them all.
rust() { cargo build --locked --workspace && cargo test --locked --workspace; }

docs() { RUSTDOCFLAGS="--deny warnings" cargo doc --locked --workspace --no-deps --document-private-items; }

browser() { npm --prefix web run --silent test:browser; }

# Tests of the whole system, each on real parts of its own. In the phase `rust` they only say how to run them.
system() {
  CT_REAL_PARTS=1 cargo test --locked --workspace --test real_parts_shop --test real_parts_outages --test real_parts_topic -- --nocapture
}

# Python deltalake and DuckDB on the tables: a filter on every column, and their own maintenance. psycopg, psql, pgjdbc, ADBC and
# Arrow's JDBC driver on the server.
readers() { CT_REAL_PARTS=1 cargo test --locked --workspace --test reader_tests --test client_tests --test watch_tests -- --nocapture; }

# A minute of use of the shop, then the books, and a search for typed text in every file; a recorded page full of private words, and a
# search for them in every file, recordings inflated.
demo() { CT_REAL_PARTS=1 cargo test --locked --workspace --test standalone_demo -- --nocapture; }

# Good traffic and every known attack at once, for a minute; `make soak` takes twenty.
soak() { SOAK_SECONDS=75 cargo test --locked --workspace --test soak -- --nocapture; }

# From outside, as an operator would see it: a seed may be any number.
acceptance() {
  local seed
  for seed in ${ACCEPT_SEEDS:-1 20261121}; do
    printf -- '-- seed %s\n' "$seed"
    python3 -B "$ACCEPTANCE" --bin "$BIN" --seed "$seed" || return 1
  done
}

phase setup "what the tests need" setup
phase format "cargo fmt" format
phase boundaries "one Arrow, who may know whom, no circles, what may be shipped" boundaries
phase web "lint, build, unit tests (about 10 s)" web
phase rust "build and tests (4 minutes on two cores; cold: 12 more for the build)" rust
phase clippy "no warnings (cold: about 8 minutes)" cargo clippy --locked --workspace --all-targets -- --deny warnings
phase docs "no broken link in the documentation (about half a minute)" docs
phase fuzz "each fuzz target for a minute (about 3 minutes; cold: 3 more for the build)" env FUZZ_SEED=1 infra/dev/fuzz.sh
phase parts "the real Kafka, registry, S3 server and load balancer (about 30 s)" infra/dev/check.sh
phase browser "the SDK in a real Chromium (about 8 minutes)" browser
phase system "the whole system on the real parts (about 5 minutes)" system
phase readers "other engines on the tables, clients and a browser on the server (about 3 minutes)" readers
phase demo "standalone, visited for a minute, and by somebody with private words (about 2 minutes)" demo
phase soak "every known attack at once (about 3 minutes)" soak
if [ -e "$ACCEPTANCE" ]; then
  phase acceptance "from outside, two seeds (about 4 minutes)" acceptance
else
  printf '\n== acceptance: left out, since %s is not there\n' "$ACCEPTANCE"
fi

printf '\n== all passed\n'
printf '   %s\n' "${times[@]}" "$(printf '%-12s %5s s' total "$SECONDS")"
