# What a developer types. `make help` lists it; each target says here why it is as it is.
# `make demo` and `make test` install what they need: nothing has to be set up by hand.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

export CT_CACHE ?= $(HOME)/.cache/customer-telemetry
# Outside the clone, so that it outlives the clone: the first build is long.
export CARGO_TARGET_DIR ?= $(CT_CACHE)/target
# Tools that setup.sh installed where the machine had none or too old a one.
export PATH := $(CT_CACHE)/node/node_modules/.bin:$(PATH):$(HOME)/.cargo/bin:/usr/local/go/bin

BIN := $(CARGO_TARGET_DIR)/debug
DATA_DIR ?= .demo
PARTS ?= kafka registry s3
# Always the whole workspace: building one package alone chooses other features and builds the heavy crates again.
CARGO_BUILD := cargo build --locked --workspace

.PHONY: help demo test soak fuzz build web lint fmt scores parts parts-stop bench bench-pipeline bench-compaction bench-sql bench-replay bench-page bench-micro engines cluster

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/\1\t\2/' | expand -t 16

demo: ## the whole system on this machine, with a shop to click in; its data lies in DATA_DIR (.demo)
	@infra/dev/setup.sh --demo
	@echo 'Building the web pages (about 10 s)'
	@$(MAKE) web
	@if [ -x $(BIN)/standalone ]; then echo 'Building what changed (seconds to a few minutes)'; \
	else echo 'Building for the first time: the database engine too, about 12 minutes on two cores'; fi
	@$(CARGO_BUILD)
	@echo 'Starting; stop it with Ctrl-C. SQL from a shell: $(BIN)/warehouse --store file://$(abspath $(DATA_DIR))/store sql "…"'
	@exec $(BIN)/standalone --data-dir $(DATA_DIR)

test: ## every check, on a real Kafka, registry, S3 server and browser; what CI runs
	@infra/dev/test.sh

# As long as the promise says; `make test` runs it for a minute.
soak: build ## twenty minutes of good traffic and of every known attack at once; SOAK_SECONDS for another time
	@SOAK_SECONDS=$${SOAK_SECONDS:-1200} cargo test --locked --workspace --test soak -- --nocapture

# Apart from `make test`, since they are a large download and Spark takes minutes; DuckDB and deltalake are in its phase `readers`.
# STORE is the folder of a store of yours, such as .demo/store, in which all that landed is compacted.
engines: ## ClickHouse and Spark read what `warehouse sql` says (640 MB are fetched once); STORE chooses a store, else a test's
	@infra/dev/setup.sh --engines
	@$(MAKE) web
	@$(if $(STORE),$(CARGO_BUILD) && $(CT_CACHE)/engines/bin/python -B warehouse/tests/engines --store $(STORE) --warehouse $(BIN)/warehouse, \
	  CT_ENGINES=1 cargo test --locked --workspace --test reader_tests -- --nocapture large_engines)

# Apart from `make build` and `make test`, like the engines: Ballista, and DataFusion with all features that Ballista asks for, are
# built beside the others' output, which stays as it is. What comes of it is laid beside `warehouse`, which finds it there.
cluster: export CARGO_TARGET_DIR := $(CT_CACHE)/target-cluster
cluster: web ## builds warehouse-cluster (about 15 minutes at first), and proves it with a scheduler and executors that are killed
	@infra/dev/check_licences.py cluster/Cargo.toml
	@cargo build --locked --manifest-path cluster/Cargo.toml --tests --bins
	@cargo test --locked --manifest-path cluster/Cargo.toml
	@mkdir -p $(BIN) && cp $(CARGO_TARGET_DIR)/debug/warehouse-cluster $(BIN)/warehouse-cluster
	@echo 'warehouse --engine ballista://HOST:PORT finds it in $(BIN). A cluster to try it: infra/dev/cluster start --store URL'

fuzz: ## runs each fuzz target for FUZZ_SECONDS (60); TARGETS chooses
	@infra/dev/setup.sh
	@infra/dev/fuzz.sh

build: web ## all binaries, to the debug folder of CARGO_TARGET_DIR
	@$(CARGO_BUILD)

web: ## the SDK and the shop, to web/*/dist: the binaries carry them
	@npm --prefix web run --silent build

lint: ## formats, crate boundaries, circles, licences, clippy
	@cargo fmt --all --check
	@cargo fmt --check --manifest-path cluster/Cargo.toml
	@infra/dev/check_boundaries.py
	@infra/dev/check_circles.py
	@infra/dev/check_licences.py
	@cargo clippy --locked --workspace --all-targets -- --deny warnings
	@npm --prefix web run --silent lint

fmt: ## formats everything
	@cargo fmt --all
	@cargo fmt --manifest-path cluster/Cargo.toml
	@npm --prefix web run --silent format

scores: ## how well agents and referrers are recognised: writes the table of docs/recognition.md
	@infra/dev/setup.sh
	@CT_WRITE_SCORES=1 cargo test --locked --workspace --test recognition

parts: ## starts PARTS (kafka registry s3) on free ports and leaves them running; addresses in .dev/parts/parts.json
	@infra/dev/setup.sh
	@infra/dev/parts start $(PARTS)

parts-stop: ## stops them
	@infra/dev/parts stop

bench: bench-pipeline bench-compaction bench-sql bench-replay bench-page ## all benchmarks; results in bench/RESULTS.md

# Criterion keeps the figures of the run before below the target folder, and says what changed. The first time it builds the
# database engine with all optimisations.
bench-micro: ## what each hot step costs: parse, encode, decode, transform, assign, append, merge, compact; FILTER chooses
	@cargo bench --locked -p schemas -p stream-jobs -p warehouse --bench micro -- $(FILTER)

bench-pipeline: ## 2 M events through the real parts: what each process spends on them
	@infra/dev/setup.sh
	@$(MAKE) web
	@echo 'Building with all optimisations (the first time longer than for make demo: the database engine once more)'
	@cargo build --locked --release -p collector -p stream-jobs -p warehouse -p bench
	@$(CARGO_TARGET_DIR)/release/bench pipeline

# The stream job's landing zone, as plain files; the section of the pipeline is left as it is.
bench-compaction: ## compaction beside the least that it can cost, DuckDB, and Spark if `make engines` has fetched it, on 2 M landed events
	@infra/dev/setup.sh
	@$(MAKE) web
	@cargo build --locked --release -p collector -p stream-jobs -p warehouse -p bench
	@$(CARGO_TARGET_DIR)/release/bench pipeline --until landed --work $(CARGO_TARGET_DIR)/bench-compaction --out $(CARGO_TARGET_DIR)/bench-landed.md
	@$(CARGO_TARGET_DIR)/release/bench compaction --store $(CARGO_TARGET_DIR)/bench-compaction/parts/s3/data/telemetry/lake --work $(CARGO_TARGET_DIR)/bench-compaction/tables

# On what bench-compaction left, which is made if it is not there. For a loop while changing the engine: ONLY=session.
bench-sql: ## 20 questions of designers and support people, beside DuckDB on the same files; RUNS, ONLY, LARGE choose
	@cargo build --locked --release -p collector -p stream-jobs -p warehouse -p bench
	@[ -d $(CARGO_TARGET_DIR)/bench-compaction/tables/compact/warehouse ] || $(MAKE) bench-compaction
	@$(CARGO_TARGET_DIR)/release/bench sql --store $(CARGO_TARGET_DIR)/bench-compaction/tables/compact \
	  $(if $(RUNS),--runs $(RUNS)) $(if $(ONLY),--only "$(ONLY)") $(if $(LARGE),--large $(LARGE))

# With PAGE_VIEWS=2000 in two minutes; it takes four gigabytes meanwhile where all of them are made.
bench-replay: ## 100,000 recorded page views: how fast they are found and shown, what they cost; PAGE_VIEWS chooses
	@infra/dev/setup.sh
	@$(MAKE) web
	@cargo build --locked --release -p collector -p stream-jobs -p warehouse -p bench
	@$(CARGO_TARGET_DIR)/release/bench replay $(if $(PAGE_VIEWS),--page-views $(PAGE_VIEWS))

# For a loop while changing the SDK: RUNS=1 SUBJECTS=empty,sketch,ours, or PROFILE=ours for where its time goes, or RECORDER=changing.
bench-page: ## what the SDK costs a page in Chromium, beside its peers; RUNS, SUBJECTS, PAGES, RECORDER, SEED, PROFILE choose
	@infra/dev/setup.sh --demo
	@[ bench/page/node_modules/.package-lock.json -nt bench/page/package-lock.json ] || npm --prefix bench/page ci --no-fund --no-audit
	@node bench/page/main.mjs $(if $(RUNS),--runs $(RUNS)) $(if $(SUBJECTS),--subjects $(SUBJECTS)) \
	  $(if $(PAGES),--pages $(PAGES)) $(if $(SEED),--seed $(SEED)) $(if $(PROFILE),--cpuprofile $(PROFILE)) $(if $(RECORDER),--recorder $(RECORDER))
