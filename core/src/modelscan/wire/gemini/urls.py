"""Where the methods of a model are."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from modelscan.contracts.http import Headers, Target

JSON_HEADERS: Final[Headers] = (("content-type", "application/json"),)


def model_path(model: str) -> str:
    """A model's resource name, `models/gemini-2.5-flash`; a name that has a collection (`tunedModels/...`) stays."""
    return model if "/" in model else f"models/{model}"


def method_url(target: Target, method: str) -> str:
    """The address of a method of the target's model."""
    return f"{target.base_url}/{quote(model_path(target.model), safe='/@-._~')}:{method}"
