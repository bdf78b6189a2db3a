"""Options as they cross to the core."""

import json
from collections.abc import Mapping
from typing import Any

from tickwright import _core


def packed(options: Mapping[str, Any]) -> str:
    """Options as JSON.

    Raises
    ------
    UsageError
        A name that is no text: paths cross as text.

    """
    text = json.dumps(options, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise _core.UsageError("a name given is not UTF-8: give the folder that it is in, or rename it") from error
    return text
