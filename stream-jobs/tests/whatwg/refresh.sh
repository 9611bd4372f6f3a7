#!/usr/bin/env bash
# Takes urltestdata.json from the version of the crate `url` that Cargo.lock names.
set -euo pipefail
cd "$(dirname "$0")"
manifest=$(cargo metadata --locked --format-version 1 | python3 -c '
import json, sys
print(next(package["manifest_path"] for package in json.load(sys.stdin)["packages"] if package["name"] == "url"))')
install -m 644 "$(dirname "$manifest")/tests/urltestdata.json" urltestdata.json
