#!/usr/bin/env -S python3 -B
"""Holds what we may ship: every crate under a licence of deny.toml, from the public registry, asked for in one place.

  licences   each crate's SPDX expression can be met by the allowed ones
  sources    crates.io or this clone: no git, no folder elsewhere
  one place  members take their dependencies from [workspace.dependencies], which names no wildcard

What cargo-deny checks of these, without its build of several minutes. Builds nothing. With the Cargo.toml of a workspace beside this
one, such as cluster/Cargo.toml: the licences and sources of that one.
"""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
CRATES_IO = "registry+https://github.com/rust-lang/crates.io-index"

# What may go into an image: the one list, with its reason.
ALLOWED = set(tomllib.loads((ROOT / "deny.toml").read_text())["licenses"]["allow"])


def main() -> int:
    beside = sys.argv[1:2]
    manifest = [f"--manifest-path={path}" for path in beside]
    metadata = json.loads(cargo("metadata", "--locked", "--format-version", "1", *manifest))
    mistakes = [*licences(metadata), *sources(metadata), *([] if beside else one_place(metadata))]
    for mistake in mistakes:
        print(f"check_licences: {mistake}", file=sys.stderr)
    if not mistakes:
        places = "all from the registry" if beside else "all from the registry and asked for in one place"
        print(f"licences: {len(metadata['packages'])} crates may be shipped, {places}")
    return 1 if mistakes else 0


def licences(metadata: dict) -> list[str]:
    mistakes = []
    for package in metadata["packages"]:
        expression = package["license"] or ""
        if not may_ship(expression):
            named = f"{package['name']} {package['version']}"
            mistakes.append(f"{named} has the licence {expression!r}: take another crate, or allow it in deny.toml with a reason")
    return mistakes


def may_ship(expression: str) -> bool:
    """Whether an SPDX expression can be met; `/` is how old crates write OR, `+` a later version."""
    tokens = re.findall(r"\(|\)|[^\s()]+(?: WITH [^\s()]+)?", expression.replace("/", " OR ").replace("+", ""))
    if not tokens:
        return False
    words = {"OR": "or", "AND": "and", "(": "(", ")": ")"}
    return eval(" ".join(words.get(token) or str(token in ALLOWED) for token in tokens))  # noqa: S307 only these words


def sources(metadata: dict) -> list[str]:
    is_ours = lambda package: Path(package["manifest_path"]).is_relative_to(ROOT)  # noqa: E731 a name for it
    return [
        f"{package['name']} {package['version']} comes from {package['source'] or package['manifest_path']}, not from crates.io"
        for package in metadata["packages"]
        if package["source"] != CRATES_IO and not (package["source"] is None and is_ours(package))
    ]


def one_place(metadata: dict) -> list[str]:
    shared = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["dependencies"]
    mistakes = [
        f"Cargo.toml asks for any version of {name}"
        for name, wanted in shared.items()
        if "*" in (wanted if isinstance(wanted, str) else wanted.get("version", ""))
    ]
    for package in metadata["packages"]:
        if package["id"] not in metadata["workspace_members"]:
            continue
        manifest = tomllib.loads(Path(package["manifest_path"]).read_text())
        mistakes += [
            f"{package['name']} asks for {name} by itself: name it in [workspace.dependencies]"
            for kind in ("dependencies", "dev-dependencies", "build-dependencies")
            for name, wanted in manifest.get(kind, {}).items()
            if not (isinstance(wanted, dict) and wanted.get("workspace"))
        ]
    return mistakes


def cargo(*arguments: str) -> str:
    return subprocess.run(["cargo", *arguments], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout


if __name__ == "__main__":
    sys.exit(main())
