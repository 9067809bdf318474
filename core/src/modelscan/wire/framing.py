"""What every framing of this package has in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from modelscan.contracts.http import Frame
from modelscan.errors import ReplyError


class IncrementalFraming(ABC):
    """Hands out the frames before an error first, then the error, and the same error again ever after.

    So a broken stream gives the same frames whatever the split of its bytes, and nothing that arrived whole is lost.
    A subclass adds to `frames` and raises at the byte that is wrong.
    """

    __slots__ = ("_error",)

    def __init__(self) -> None:
        self._error: ReplyError | None = None

    def feed(self, data: bytes) -> Sequence[Frame]:
        """The frames that these bytes complete. Raises `DecodeError` for bytes that break the format or the cap."""
        if self._error is not None:
            raise self._error
        frames: list[Frame] = []
        try:
            self._cut(data, frames)
        except ReplyError as error:
            self._error = error
            if not frames:
                raise
        return frames

    def finish(self) -> Sequence[Frame]:
        """What is left at the end. Raises `StreamCutError` where the format has an end and it didn't come."""
        if self._error is not None:
            raise self._error
        frames: list[Frame] = []
        self._end(frames)
        return frames

    @abstractmethod
    def _cut(self, data: bytes, frames: list[Frame]) -> None:
        """Adds the frames that these bytes complete."""

    @abstractmethod
    def _end(self, frames: list[Frame]) -> None:
        """Adds what is left, or raises."""
