# syntax=docker/dockerfile:1
# One image for each process that runs on servers:
#   docker build -f infra/docker/processes.Dockerfile --target collector -t customer-telemetry/collector .
# Targets: collector, stream-jobs, warehouse. Each is built alone (`-p`), so that the first two never compile the
# database engine. They run as a user without rights, on a file system that may be read-only.

FROM node:22-bookworm-slim AS web
WORKDIR /web
COPY web/package.json web/package-lock.json ./
COPY web/sdk/package.json sdk/
COPY web/shop/package.json shop/
COPY web/player/package.json player/
RUN npm ci --no-fund --no-audit
COPY schemas /schemas
COPY web ./
RUN npm run build

FROM node:22-bookworm-slim AS lists
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends python3 python3-venv \
 && rm -rf /var/lib/apt/lists/*
COPY infra/lists /lists
RUN /lists/fetch.sh --embedded

FROM rust:1.95.0-bookworm AS source
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends cmake libssl-dev pkg-config zlib1g-dev \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY . .
COPY --from=web /web/sdk/dist web/sdk/dist
COPY --from=web /web/shop/dist web/shop/dist
COPY --from=lists /lists/dist infra/lists/dist

FROM source AS build-collector
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/source/target,id=collector \
    cargo build --release --locked -p collector && cp target/release/collector /usr/local/bin/

FROM source AS build-stream-jobs
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/source/target,id=stream-jobs \
    cargo build --release --locked -p stream-jobs && cp target/release/stream-jobs /usr/local/bin/

FROM source AS build-warehouse
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/source/target,id=warehouse \
    cargo build --release --locked -p warehouse && cp target/release/warehouse /usr/local/bin/

FROM debian:bookworm-slim AS runtime
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates libssl3 zlib1g \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin telemetry \
 && install -d -o telemetry /var/lib/customer-telemetry
COPY --chmod=755 infra/docker/answers.sh /usr/local/bin/answers
USER 10001
WORKDIR /var/lib/customer-telemetry

FROM runtime AS collector
COPY --from=build-collector /usr/local/bin/collector /usr/local/bin/
EXPOSE 8080 8081
HEALTHCHECK --interval=5s --timeout=3s --start-period=60s CMD ["answers", "8080", "/health/ready"]
ENTRYPOINT ["collector"]

FROM runtime AS stream-jobs
COPY --from=build-stream-jobs /usr/local/bin/stream-jobs /usr/local/bin/
COPY infra/lists/NOTICE /usr/share/doc/customer-telemetry/NOTICE
EXPOSE 8082
HEALTHCHECK --interval=5s --timeout=3s --start-period=60s CMD ["answers", "8082", "/health/ready"]
ENTRYPOINT ["stream-jobs"]

FROM runtime AS warehouse
COPY --from=build-warehouse /usr/local/bin/warehouse /usr/local/bin/
EXPOSE 8090
ENTRYPOINT ["warehouse"]
