#!/usr/bin/env bash
# Reads back a v2 catalog with NautilusTrader 2.0.0rc, in an environment kept out of the default one.
set -euo pipefail
cd "$(dirname "$0")/../.."
env=.venv-nautilus2
if [ ! -x "$env/bin/python" ]; then
  uv venv --quiet --python 3.13 "$env"
  uv pip install --quiet --python "$env/bin/python" --prerelease allow 'nautilus_trader==2.0.0rc7' pyarrow
fi
catalog=$(mktemp -d)
trap 'rm -rf "$catalog"' EXIT
uv run python tests/nautilus2/write.py "$catalog"
"$env/bin/python" tests/nautilus2/read.py "$catalog"
