"""What the scripts that run inside the oracle's environment share: lines of JSON in, lines of JSON out.

Nothing here may import what isn't in that environment: neither ModelScan nor the workspace's tests.
"""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Callable, Mapping
from typing import Any

Json = dict[str, Any]


def answer(readers: Mapping[str, Callable[[Json, bytes], Any]]) -> None:
    """Read every recording of standard input with the reader of its `api`, and write what the SDK made of it."""
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            told: Json = {"reply": readers[asked["api"]](asked, base64.b64decode(asked["body"]))}
        except Exception as error:  # noqa: BLE001 - whatever the SDK raises is its answer
            told = {"error": f"{type(error).__name__}: {error}"[:2000]}
        write({"id": asked["id"], **told})


def write(value: Json) -> None:
    """Write one line."""
    sys.stdout.write(json.dumps(value) + "\n")


def plain(value: Any) -> Any:
    """A model of pydantic's as JSON has it, without the fields that nobody sent."""
    return value.model_dump(mode="json", by_alias=True, exclude_unset=True, warnings=False) if value else None


def parsed(arguments: str | None) -> Any:
    """The arguments of a call: JSON where they are, else the text."""
    try:
        return json.loads(arguments or "{}")
    except ValueError:
        return arguments
