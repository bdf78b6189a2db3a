#!/usr/bin/env bash
# Reads back a catalog in the layout of NautilusTrader 1.220.0 with that release, in an environment of its own.
set -euo pipefail
cd "$(dirname "$0")/../.."
env=.venv-nautilus1220
if [ ! -x "$env/bin/python" ]; then
  uv venv --quiet --python 3.13 "$env"
  uv pip install --quiet --python "$env/bin/python" 'nautilus_trader==1.220.0'
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
uv run python tests/nautilus1220/write.py "$folder"
"$env/bin/python" -W ignore tests/nautilus1220/read.py "$folder"
