"""Every crate of the lock file has a licence that `deny.toml` allows, and comes from the registry."""

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def allowed(expression: str, licences: set[str]) -> bool:
    """Whether an SPDX expression can be met; `/` is how older manifests write OR."""
    for name in sorted(licences, key=len, reverse=True):
        expression = re.sub(rf"(?<![\w.-]){re.escape(name)}(?![\w.-]| WITH)", "True", expression)
    expression = re.sub(
        r"[\w.-]+( WITH [\w.-]+)?", lambda m: m[0] if m[0] in ("AND", "OR", "True") else "False", expression
    )
    expression = expression.replace("/", " OR ").replace("AND", "and").replace("OR", "or")
    assert re.fullmatch(r"[TrueFalsndo() ]+", expression), expression
    return bool(eval(expression))


@pytest.mark.parametrize(
    ("expression", "is_allowed"),
    [
        ("MIT", True),
        ("MIT/Apache-2.0", True),
        ("GPL-3.0-only", False),
        ("MIT OR GPL-3.0-only", True),
        ("MIT AND GPL-3.0-only", False),
        ("(MIT OR Apache-2.0) AND Unicode-3.0", True),
        ("Apache-2.0 WITH LLVM-exception", True),
        ("GPL-2.0 WITH Classpath-exception-2.0", False),
    ],
)
def test_expressions(expression: str, is_allowed: bool) -> None:
    assert allowed(expression, {"MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "Unicode-3.0"}) == is_allowed


def test_crates() -> None:
    licences = set(tomllib.loads((ROOT / "deny.toml").read_text())["licenses"]["allow"])
    command = ["cargo", "metadata", "--format-version", "1", "--locked"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    crates = json.loads(done.stdout)["packages"]
    assert len(crates) > 50
    ours = {crate["name"] for crate in crates if crate["source"] is None}
    assert all(name.startswith("tickwright-") for name in ours), ours
    others = [crate for crate in crates if crate["source"] is not None]
    assert {crate["source"].partition("+")[0] for crate in others} == {"registry"}
    refused = {crate["name"]: crate["license"] for crate in others if not allowed(crate["license"] or "none", licences)}
    assert refused == {}
