#!/usr/bin/env -S python3 -B
"""Holds what ARCHITECTURE.md says a crate must not know, and that there is one Arrow.

  one version      of each crate whose types cross our own interfaces: two copies do not fit together
  crate boundaries which crates must not be reached from which (normal and build dependencies, at any depth)
  one feature set  tests must not switch on features of shared dependencies: the heavy ones would be built twice

Reads Cargo.lock and `cargo metadata`; builds nothing.
"""

import json
import re
import subprocess
import sys
import tomllib
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent

ONE_VERSION = re.compile(r"^(arrow|arrow-.*|datafusion|datafusion-.*|parquet|object_store|rdkafka|rdkafka-sys|deltalake-core)$")
# Processes of both read each other's plans, so there is one version for both.
LOCKS = ["Cargo.lock", "cluster/Cargo.lock"]
# Published under their own version numbers, or with other families' prefix: not part of the set.
OTHER_FAMILIES = {"datafusion-postgres", "datafusion-pg-catalog", "datafusion-flight-sql-server", "datafusion-distributed"}

LAKEHOUSE = ["datafusion", "deltalake", "deltalake-core"]
ARROW = ["arrow", "arrow-array", "parquet"]
# Crates for tests, and for the measurements.
DEV_ONLY = ["testkit"]
NO_PRODUCT = ["testkit", "bench"]
# crate: what it must not reach, and why
FORBIDDEN = {
    "schemas": (["tokio", "rdkafka", "object_store", "hyper", "reqwest", "warp"], "contracts are pure: no I/O, no async"),
    "settings": ([*ARROW, *LAKEHOUSE, "rdkafka", "object_store", "hyper", "schemas"], "it reads a file, the environment and flags, and connects to nothing"),
    "landing": ([*ARROW, *LAKEHOUSE, "rdkafka", "warp", "stream-jobs", "warehouse"], "it knows links and keys, not what stands in the files"),
    "replay": ([*ARROW, *LAKEHOUSE, "tokio", "rdkafka", "object_store", "hyper", "warp", "schemas"], "it reads hostile bytes, purely: no I/O, no async"),
    "collector": ([*ARROW, *LAKEHOUSE, "landing", "stream-jobs", "warehouse", "standalone"], "it starts quickly, stays small and meets the others only at a topic"),
    "stream-jobs": ([*LAKEHOUSE, "collector", "warehouse", "standalone"], "it meets the others only at a topic or an object key"),
    "warehouse": (["rdkafka", "collector", "stream-jobs", "standalone"], "it reads what landed, never the broker"),
}


def main() -> int:
    mistakes = duplicate_versions() + crossed_boundaries() + features_only_for_tests()
    for mistake in mistakes:
        print(f"check_boundaries: {mistake}", file=sys.stderr)
    if not mistakes:
        print("boundaries: one Arrow, no crossed crate boundary, one feature set")
    return 1 if mistakes else 0


def duplicate_versions() -> list[str]:
    versions = defaultdict(set)
    for lock in LOCKS:
        for package in tomllib.loads((ROOT / lock).read_text())["package"]:
            if ONE_VERSION.match(package["name"]) and package["name"] not in OTHER_FAMILIES:
                versions[package["name"]].add(package["version"])
    return [
        f"{' and '.join(LOCKS)} hold {name} in {len(found)} versions: {', '.join(sorted(found))}. "
        f"`cargo tree --locked -i {name}@VERSION` says who asks for which; bring them all to the version of Cargo.toml"
        for name, found in sorted(versions.items())
        if len(found) > 1
    ]


def crossed_boundaries() -> list[str]:
    metadata = json.loads(cargo("metadata", "--locked", "--format-version", "1"))
    names = {package["id"]: package["name"] for package in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    mistakes = []
    for member in metadata["workspace_members"]:
        own = names[member]
        forbidden, reason = FORBIDDEN.get(own, ([], ""))
        rules = [(name, reason) for name in forbidden] + [(name, "it is for tests") for name in DEV_ONLY if own not in NO_PRODUCT]
        paths = shortest_paths(member, nodes, names)
        mistakes += [
            f"{own} must not depend on {name} ({why}), but does: {' -> '.join(paths[name])}" for name, why in rules if name in paths
        ]
    return mistakes


def shortest_paths(start: str, nodes: dict, names: dict) -> dict[str, list[str]]:
    """For every crate that `start` reaches without development dependencies: how."""
    paths = {names[start]: [names[start]]}
    queue = [start]
    while queue:
        current = queue.pop(0)
        for dependency in nodes[current]["deps"]:
            kinds = {kind["kind"] for kind in dependency["dep_kinds"]}
            name = names[dependency["pkg"]]
            if kinds == {"dev"} or name in paths:
                continue
            paths[name] = [*paths[names[current]], name]
            queue.append(dependency["pkg"])
    return paths


def features_only_for_tests() -> list[str]:
    """`cargo build` and `cargo test` share their output only where they ask for the same features."""
    built, tested = features("normal,build"), features("normal,build,dev")
    return [
        f"tests switch on {name}'s {', '.join(sorted(tested[name] - known))}: it and all that uses it would be built twice; "
        f"name the feature in [workspace.dependencies] instead"
        for name, known in sorted(built.items())
        if tested.get(name, known) - known
    ]


def features(kinds: str) -> dict[str, set[str]]:
    lines = cargo("tree", "--locked", "--workspace", "--edges", kinds, "--prefix", "none", "--format", "{p}|{f}")
    found = defaultdict(set)
    for line in set(lines.splitlines()):
        name, _, listed = line.partition("|")
        found[" ".join(name.split()[:2])] |= set(filter(None, listed.removesuffix(" (*)").split(",")))
    return found


def cargo(*arguments: str) -> str:
    done = subprocess.run(["cargo", *arguments], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"check_boundaries: cargo {arguments[0]} failed; after a change of a Cargo.toml, commit the new Cargo.lock too\n{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
