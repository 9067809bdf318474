"""Recorded answers as examples for a conformance suite: the evidence that a provider reads what its vendor sends."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from urllib.parse import urlsplit

from modelscan.contracts.http import HttpResponse, ResponseHead
from modelscan.testing.conformance import Example
from modelscan.types.chat import ChatRequest
from modelscan.types.messages import user
from recordings import RECORDINGS, Recording, interactions

_MOST_OF_A_KIND = 25
_MOST_BYTES = 32 * 1024


def recorded_chats(
    provider: str, paths: tuple[str, ...], left_out: Mapping[str, str] | None = None
) -> Callable[[], Iterable[Example]] | None:
    """What gives up to 25 whole and 25 streamed answers to chat requests whose path ends with one of `paths`.

    None where the recordings are not beside this workspace. `left_out` names recordings by the end of their name, each
    with the reason.
    """
    if not RECORDINGS.is_dir():
        return None
    return lambda: _chats(provider, paths, tuple(left_out or ()))


def _chats(provider: str, paths: tuple[str, ...], left_out: tuple[str, ...]) -> Iterator[Example]:
    counts = {True: 0, False: 0}
    for recording in interactions(provider=provider, capability="chat"):
        if not _is_good(recording, paths) or f"{recording.path}#{recording.index}".endswith(left_out or ("\0",)):
            continue
        counts[recording.is_stream] += 1
        if counts[recording.is_stream] <= _MOST_OF_A_KIND:
            yield _example(recording)


def _is_good(recording: Recording, paths: tuple[str, ...]) -> bool:
    request, response = recording.request, recording.response
    if request is None or recording.rebuilt or response.status != 200 or len(response.body) > _MOST_BYTES:
        return False
    return urlsplit(request.url).path.endswith(paths)


def _example(recording: Recording) -> Example:
    response = HttpResponse(ResponseHead(200, recording.response.headers), recording.response.body)
    is_stream = recording.is_stream
    return Example(
        name=f"{recording.path}#{recording.index}",
        origin=f"recorded by {recording.rows[0].source_repo}",
        request=ChatRequest(messages=(user("Hello"),)),
        whole=None if is_stream else response,
        stream=response if is_stream else None,
    )
