"""Bytes without a structure, such as audio that is played as it comes."""

from __future__ import annotations

from collections.abc import Sequence

from modelscan.contracts.http import Frame


class Raw:
    """Every piece that arrives is a frame; joined, the frames are the body. Nothing is held back."""

    __slots__ = ()

    def feed(self, data: bytes) -> Sequence[Frame]:
        """This piece, unless it is empty."""
        return (Frame(data),) if data else ()

    def finish(self) -> Sequence[Frame]:
        """Nothing."""
        return ()
