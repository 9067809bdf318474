"""The contents of messages: their words, gathered into one text, and all the rest as features."""

from __future__ import annotations

from collections.abc import Iterable

from modelscan.accounting.estimates.features import Load
from modelscan.accounting.estimates.media import load_of_medium, text_of
from modelscan.types.content import AnyPart, Media, ProviderPart, Reasoning, Text, ToolCall, ToolResult


class Contents:
    """Gathers parts: `texts` are to be counted as one, `load` has the media, each kind once."""

    __slots__ = ("_media", "texts")

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._media: dict[int, float] = {}

    @property
    def load(self) -> Load:
        """What isn't text."""
        return list(self._media.items())

    def add(self, parts: Iterable[AnyPart]) -> None:
        """The parts of a message."""
        texts = self.texts
        for part in parts:
            if type(part) is Text:
                texts.append(part.text)
            elif isinstance(part, Media):
                self.add_medium(part)
            elif isinstance(part, ToolCall):
                texts += (part.name, part.arguments)
            elif isinstance(part, ToolResult):
                self.add(part.content)
            elif isinstance(part, ProviderPart):
                texts.append(repr(part.extra))
            elif isinstance(part, Reasoning):
                texts += (part.text, part.encrypted or "")
            else:
                texts.append(part.text)

    def add_medium(self, medium: Media) -> None:
        """A picture, a sound, a video or a document."""
        text = text_of(medium)
        if text is not None:
            self.texts.append(text)
            return
        feature, tokens = load_of_medium(medium)
        self._media[feature] = self._media.get(feature, 0.0) + tokens
