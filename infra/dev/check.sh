#!/usr/bin/env bash
# Proves that the real parts work on this machine, before any test blames the product for what they do:
# a topic with leaders, a schema that registers and one that is refused, a create-only PUT with one winner,
# a load balancer that goes round a dead backend, data that survives SIGKILL.
set -euo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
DIR=$(mktemp -d "${TMPDIR:-/tmp}/ct-check.XXXXXX")
backend=
trap '[ -z "$backend" ] || kill "$backend"; "$HERE/parts" stop --dir "$DIR" 2>/dev/null; rm -rf "$DIR"' EXIT

passed=0
ok() { passed=$((passed + 1)); printf '  ok  %s\n' "$1"; }
fail() { printf '  FAILED  %s\n' "$1" >&2; printf 'real parts: %d passed, 1 failed\n' "$passed" >&2; exit 1; }
address() { jq -er ".$1" "$DIR/parts.json"; }
status() { curl --noproxy '*' -s -o /dev/null -w '%{http_code}' --max-time 60 "$@" || true; }

# expect STATUS TITLE CURL-ARGUMENTS…
expect() {
  local want=$1 title=$2 got
  shift 2
  got=$(status "$@")
  [ "$got" = "$want" ] || fail "$title: answered $got, not $want"
  ok "$title"
}

# eventually STATUS TITLE CURL-ARGUMENTS…: for what a health check must notice first
eventually() {
  local want=$1 title=$2 deadline=$((SECONDS + 120)) got=
  shift 2
  while [ $SECONDS -lt $deadline ]; do
    got=$(status "$@")
    if [ "$got" = "$want" ]; then ok "$title"; return; fi
    sleep 0.1
  done
  fail "$title: still answered $got, not $want, after 120 s"
}

put_object() { # KEY BODY CURL-ARGUMENTS…
  local key=$1 body=$2
  shift 2
  set -- --aws-sigv4 "aws:amz:$(address s3_region):s3" --user "$(address s3_access_key):$(address s3_secret_key)" \
    -X PUT --data-binary "$body" -H 'Content-Type: application/octet-stream' -H "x-amz-content-sha256: $(printf %s "$body" | sha256sum | cut -d' ' -f1)" \
    "$@" "$(address s3_endpoint)/$(address s3_bucket)/$key"
  printf '%s\n' "$@"
}

"$HERE/parts" start kafka registry s3 --dir "$DIR"
"$HERE/parts" topic create telemetry.check --partitions 3 --dir "$DIR"
ok "Kafka: a topic with 3 partitions, each with a leader"

json='Content-Type: application/vnd.schemaregistry.v1+json'
schema() { jq -cn --argjson fields "$1" '{schema: ({type: "record", name: "Check", fields: $fields} | tojson)}'; }
one='[{"name":"id","type":"long"}]'
two='[{"name":"id","type":"long"},{"name":"note","type":["null","string"],"default":null}]'
other='[{"name":"id","type":"string"},{"name":"required","type":"int"}]'
subject="$(address registry_url)/subjects/check-value/versions"
expect 200 "registry: a schema registers" -X POST -H "$json" -d "$(schema "$one")" "$subject"
expect 200 "registry: a new field with a default is compatible" -X POST -H "$json" -d "$(schema "$two")" "$subject"
expect 409 "registry: an incompatible schema is refused" -X POST -H "$json" -d "$(schema "$other")" "$subject"

readarray -t create < <(put_object commits/00000000000000000000.json first -H 'If-None-Match: *')
expect 200 "S3: a create-only PUT of a new key" "${create[@]}"
readarray -t create < <(put_object commits/00000000000000000000.json second -H 'If-None-Match: *')
expect 412 "S3: a create-only PUT of the same key is refused" "${create[@]}"

# Registered last, so that the registry is killed while a database that writes later would still hold it.
late="$(address registry_url)/subjects/late-value/versions"
expect 200 "registry: a schema registers right before SIGKILL" -X POST -H "$json" -d "$(schema "$one")" "$late"
"$HERE/parts" kill registry kafka s3 --dir "$DIR"
"$HERE/parts" restart kafka registry s3 --dir "$DIR"
"$HERE/parts" topic create telemetry.check --partitions 3 --dir "$DIR" | grep -q 'was there' || fail "Kafka: the topic is gone after SIGKILL"
ok "Kafka: the topic is there after SIGKILL"
expect 200 "registry: the subject is there after SIGKILL" "$subject/latest"
expect 200 "registry: the one registered right before it is there too" "$late/latest"
expect 412 "S3: the key is there after SIGKILL" "${create[@]}"

# A backend whose /health/ready is a file, beside one where nobody listens.
mkdir -p "$DIR/backend/health" && echo ready >"$DIR/backend/health/ready"
: >"$DIR/backend.log"
python3 -u -m http.server 0 --bind 127.0.0.1 --directory "$DIR/backend" >"$DIR/backend.log" 2>&1 &
backend=$!
until port=$(sed -n 's/.* port \([0-9]*\) .*/\1/p' "$DIR/backend.log") && [ -n "$port" ]; do sleep 0.05; done
"$HERE/parts" start haproxy --backend "127.0.0.1:$port,127.0.0.1:1" --balance roundrobin --dir "$DIR"
front=$(address haproxy_url)
for _ in 1 2 3 4; do expect 200 "HAProxy: goes round a dead backend" "$front/health/ready"; done
rm "$DIR/backend/health/ready"
eventually 503 "HAProxy: a backend that is not ready gets nothing" "$front/"
echo ready >"$DIR/backend/health/ready"
eventually 200 "HAProxy: a backend that is ready again is used" "$front/"

kill "$backend"
backend=
"$HERE/parts" stop --dir "$DIR"
[ "$(jq '.pids | length' "$DIR/parts.json")" = 0 ] || fail "parts.json names processes after stop: $(jq -c .pids "$DIR/parts.json")"
! pgrep -f "$DIR" >"$DIR/left" || fail "processes are left after stop: $(tr '\n' ' ' <"$DIR/left")"
ok "all parts stopped, no process left"
printf 'real parts: %d passed, 0 failed\n' "$passed"
