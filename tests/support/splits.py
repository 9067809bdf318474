"""Every stream gives the same chunks however its bytes were split: at every byte, or at many seeded places."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence

from modelscan.contracts.operations import StreamDecoder
from modelscan.types.chat import ChatChunk

_EVERY_BYTE = 4096
_CHUNKINGS = 5


def chunks_of(decoder: StreamDecoder[ChatChunk], pieces: Iterable[bytes]) -> list[ChatChunk]:
    """What a decoder gives for a whole stream in these pieces."""
    framing = decoder.framing
    frames = (frame for piece in pieces for frame in framing.feed(piece))
    chunks = [chunk for frame in frames for chunk in decoder.feed(frame)]
    chunks += [chunk for frame in framing.finish() for chunk in decoder.feed(frame)]
    return [*chunks, *decoder.finish(cut=False)]


def splits(body: bytes, seed: str) -> Iterator[Sequence[bytes]]:
    """Ways to split a stream: up to 4 KB at every byte, a longer one byte by byte and at five seeded sets of places."""
    if len(body) <= _EVERY_BYTE:
        yield from ([body[:at], body[at:]] for at in range(1, len(body)))
        return
    yield [body[at : at + 1] for at in range(len(body))]
    places = random.Random(seed)
    for _ in range(_CHUNKINGS):
        cuts = sorted(places.sample(range(1, len(body)), k=min(40, len(body) - 1)))
        yield [body[start:end] for start, end in zip([0, *cuts], [*cuts, len(body)], strict=True)]


def assert_splits_change_nothing(make: Callable[[], StreamDecoder[ChatChunk]], body: bytes, seed: str) -> int:
    """Decode the stream in all these ways; how many there were."""
    whole = chunks_of(make(), [body])
    count = 0
    for pieces in splits(body, seed):
        assert chunks_of(make(), pieces) == whole
        count += 1
    return count
