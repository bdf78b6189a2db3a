#!/usr/bin/env bash
# Reads back v2 catalogs with NautilusTrader 2.0.0rc, and makes its objects, in an environment kept out of the default one.
set -euo pipefail
cd "$(dirname "$0")/../.."
env=.venv-nautilus2
if [ ! -x "$env/bin/python" ]; then
  uv venv --quiet --python 3.13 "$env"
  uv pip install --quiet --python "$env/bin/python" --prerelease allow 'nautilus_trader==2.0.0rc7' pyarrow
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
uv run python tests/nautilus2/write.py "$folder"
"$env/bin/python" tests/nautilus2/read.py "$folder/catalog" "$folder/deribit"
PYTHONPATH=python "$env/bin/python" tests/nautilus2/objects.py "$folder/capture.gz" "$folder/simulated"
