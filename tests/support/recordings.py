"""Real traffic of providers, recorded by other projects, in one form whatever recorder wrote it.

::

    for recording in interactions(provider="groq", capability="chat", stream=True):
        recording.request.body, recording.response.status, recording.response.body

The recordings lie beside the workspace, and not every checkout has them: mark tests that read them with
`@needs_recordings`. A file is parsed once a session; all of them together take some 60 MB.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import bare_bodies
import recorders
from recorded import Exchange, Request, Response

RECORDINGS = Path(__file__).parents[3] / "shared" / "recordings"

needs_recordings = pytest.mark.skipif(
    not RECORDINGS.is_dir(), reason="the recordings of other projects are not beside this workspace"
)

UNREADABLE = {
    "openai/vercel__ai/openai/responses/parallel-tool-call-wrapper.1.chunks.txt": "two of its lines lack a brace",
}
"""Files of the index that `interactions` leaves out, and why."""

OTHER = "other"


@dataclass(frozen=True)
class Row:
    """A line of the index: what a file holds for one provider, capability, kind of reply and status."""

    provider: str
    capability: str
    stream: bool
    status: str
    path: str
    source_repo: str
    licence: str
    fidelity: str
    models: tuple[str, ...]
    endpoints: tuple[str, ...]


@dataclass(frozen=True)
class Recording:
    """One exchange of a file, and the lines of the index that speak of it (none for a call to something else).

    `provider` and `capability` are the index's; the capability is a guess where several lines fit. `fidelity` is
    `http+headers`, `http-normalised` or `body-only`. `rebuilt` says that the recorder kept parsed values, so that the
    response's bytes aren't the provider's. `is_stream` is told by the response, or by the request where it failed.
    """

    path: str
    format: str
    index: int
    rows: tuple[Row, ...]
    request: Request | None
    response: Response
    fidelity: str
    rebuilt: bool

    @property
    def provider(self) -> str:
        """Who answered."""
        return self.rows[0].provider if self.rows else OTHER

    @property
    def capability(self) -> str:
        """What was asked for, such as `chat+tools`."""
        return self.rows[0].capability if self.rows else OTHER

    @property
    def is_stream(self) -> bool:
        """Whether a stream was asked for or came."""
        if self.request is None:
            return self.response.is_framed or self.rows[0].stream
        return self.response.is_framed or self.request.asks_for_a_stream

    def __repr__(self) -> str:
        return f"<{self.path}#{self.index}>"


@cache
def index() -> dict[str, tuple[Row, ...]]:
    """The lines of the index by path."""
    rows: dict[str, list[Row]] = {}
    with (RECORDINGS / "INDEX.tsv").open(encoding="utf-8") as file:
        for line in csv.DictReader(file, delimiter="\t"):
            row = Row(
                provider=line["provider"],
                capability=line["capability"],
                stream=line["stream"] == "y",
                status=line["status"],
                path=line["path"],
                source_repo=line["source_repo"],
                licence=line["licence"],
                fidelity=line["fidelity"],
                models=tuple(filter(None, line["models"].split(";"))),
                endpoints=tuple(filter(None, line["endpoints"].split(";"))),
            )
            rows.setdefault(row.path, []).append(row)
    return {path: tuple(found) for path, found in rows.items()}


def interactions(
    provider: str | None = None, capability: str | None = None, stream: bool | None = None
) -> Iterator[Recording]:
    """Every exchange that fits; capability `chat` takes `chat+tools` too, `chat+tools` only what has both."""
    wanted = set(capability.split("+")) if capability else set()
    for path, rows in index().items():
        if path in UNREADABLE or not any(_row_fits(row, provider, wanted) for row in rows):
            continue
        for recording in read(path):
            if stream is not None and recording.is_stream is not stream:
                continue
            if (provider is None and not wanted) or any(_row_fits(row, provider, wanted) for row in recording.rows):
                yield recording


def _row_fits(row: Row, provider: str | None, wanted: set[str]) -> bool:
    return provider in (None, row.provider) and wanted <= set(row.capability.split("+"))


@cache
def read(path: str) -> tuple[Recording, ...]:
    """The exchanges of one file of the index, in their order."""
    rows = index()[path]
    content = (RECORDINGS / path).read_bytes()
    reader = _reader(path, rows[0], content)
    return tuple(
        Recording(
            path=path,
            format=reader.__name__,
            index=number,
            rows=rows if exchange.request is None else _rows_of(exchange.request, exchange.response, rows),
            request=exchange.request,
            response=exchange.response,
            fidelity=rows[0].fidelity,
            rebuilt=exchange.rebuilt,
        )
        for number, exchange in enumerate(reader(content))
    )


def _reader(path: str, row: Row, content: bytes) -> Callable[[bytes], Iterator[Exchange]]:
    if row.fidelity == "body-only":
        return bare_bodies.reader_of(path, row.provider, row.capability)
    return recorders.reader_of(path, content)


def _rows_of(request: Request, response: Response, rows: tuple[Row, ...]) -> tuple[Row, ...]:
    """The lines that fit an exchange best: by host, endpoint, status and kind of reply."""
    url = urlsplit(request.url)
    endpoint = f"{request.method} {url.path}"
    is_stream = response.is_framed or request.asks_for_a_stream
    found: dict[int, list[Row]] = {}
    for row in rows:
        # The index cuts long paths, and lists three of them at most.
        listed = any(one in endpoint or one.split()[-1] in url.path for one in row.endpoints)
        if row.endpoints and not listed and len(row.endpoints) < 3:
            continue
        score = 8 * (row.provider in (url.hostname or "")) + 4 * listed
        score += 2 * (row.status == str(response.status)) + (row.stream is is_stream)
        found.setdefault(score, []).append(row)
    return tuple(found[max(found)]) if found else ()
