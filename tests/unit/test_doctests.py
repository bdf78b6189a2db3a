"""The examples in the public API's docstrings run and say what they say."""

import doctest
import inspect
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import tickwright

PUBLIC = [getattr(tickwright, name) for name in tickwright.__all__]
WITH_EXAMPLES = [
    item
    for item in PUBLIC
    if inspect.isroutine(item) or (inspect.isclass(item) and ">>>" in (inspect.getdoc(item) or ""))
]


def test_every_function_has_an_example() -> None:
    without = [
        item.__name__ for item in PUBLIC if inspect.isroutine(item) and ">>>" not in (inspect.getdoc(item) or "")
    ]
    assert not without


@pytest.mark.parametrize("item", WITH_EXAMPLES, ids=lambda item: item.__name__)
def test_examples(item: Callable[..., object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    examples = Path(__file__).parents[2] / "examples"
    os.symlink(examples, tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    for test in doctest.DocTestFinder(recurse=True).find(item, item.__name__, globs={"tickwright": tickwright}):
        found = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test)
        assert found.failed == 0, test.name
