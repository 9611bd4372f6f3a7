#!/usr/bin/env bash
# Installs the pinned packages and makes of them what the build embeds (dist/*.json) and, unless --embedded is given,
# what the tests are scored on (dist/suites/*.json). Needs Node, npm and Python 3; the suites need cargo too.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

npm ci --ignore-scripts
[ -x .venv/bin/python ] || python3 -m venv .venv
.venv/bin/python -m pip install --disable-pip-version-check --quiet --no-compile --only-binary :all: \
  --require-hashes --no-deps --requirement requirements.txt
node prepare.mjs "$@"
