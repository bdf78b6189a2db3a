"""Every feed has all that a feed needs, and the pages hold the table that the registry gives."""

import importlib.util
from types import ModuleType

import pytest
import tickwright

from tests.frames import ROOT


@pytest.fixture(scope="module")
def feeds() -> ModuleType:
    spec = importlib.util.spec_from_file_location("feeds", ROOT / "docs/feeds.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_feed_has_every_part(feeds: ModuleType) -> None:
    missing = {
        (feed["name"], part)
        for feed in tickwright.feeds()
        for part, is_there in feeds.parts(feed).items()
        if not is_there
    }
    assert missing == set()


def test_the_pages_hold_the_table(feeds: ModuleType) -> None:
    for page in feeds.PAGES:
        text = (ROOT / page).read_text()
        assert feeds.filled(page, text) == text, f"{page}: run `uv run python docs/feeds.py`"


def test_a_page_without_a_place_is_refused(feeds: ModuleType) -> None:
    with pytest.raises(ValueError, match="no place"):
        feeds.filled("README.md", "# tickwright\n")
