"""One line for the user when a plugin, or what it brings, matters to what they do."""

from __future__ import annotations

_told: set[str] = set()


def warn(text: str, *, see: str = "modelscan plugins") -> None:
    """Log a warning under `modelscan`, once per process, with the command that tells more."""
    if text in _told:
        return
    _told.add(text)
    import logging

    logging.getLogger("modelscan").warning("%s (see `%s`)", text, see)


def told(error: BaseException) -> str:
    """An error in one line, whatever it is."""
    try:
        text = " ".join(str(error).split())
    except Exception:  # noqa: BLE001 - its own __str__ is broken
        text = ""
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
