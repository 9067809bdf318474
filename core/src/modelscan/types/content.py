"""Parts: what a message is made of, on the way in and on the way out.

Every part may carry three things beside its content: `signature`, an opaque token that its vendor wants back in the
next turn; `cache`, a hint that a prompt cache should end after this part (vendors that cache by themselves need
none); and `extra`, fields that only one vendor has, sent back to it as they came.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import msgspec

CacheLifetime = Literal["5m", "1h"]


class Part(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type"):
    """What all parts have."""

    signature: str | None = None
    cache: CacheLifetime | None = None
    extra: dict[str, Any] = {}


class Citation(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a piece of text comes from.

    `start` and `end` are offsets into the text that is cited *in*, as the vendor counts them; `location` says what the
    vendor's numbers for the source mean (`char`, `page`, `block`, `url`, ...), `source_start`/`source_end` are those.
    """

    url: str = ""
    title: str = ""
    text: str = ""
    start: int | None = None
    end: int | None = None
    document: str = ""
    location: str = ""
    source_start: int | None = None
    source_end: int | None = None
    extra: dict[str, Any] = {}


class Text(Part, frozen=True, tag="text"):
    """Text, with the sources it cites."""

    text: str
    citations: tuple[Citation, ...] = ()


class Refusal(Part, frozen=True, tag="refusal"):
    """The model's own words for why it doesn't answer."""

    text: str


class Reasoning(Part, frozen=True, tag="reasoning"):
    """What the model thought. `signature` proves it; `encrypted` is thought that only the vendor can read."""

    text: str = ""
    encrypted: str | None = None
    id: str | None = None


class Media(Part, frozen=True):
    """Bytes in one of four forms, exactly one of which is set: `data`, `url`, `path` or the vendor's `file_id`.

    `media_type` is the MIME type (`image/png`); it is guessed from the bytes or the name where it is left out.
    """

    data: bytes | None = None
    url: str | None = None
    path: str | None = None
    file_id: str | None = None
    media_type: str | None = None
    name: str | None = None

    def __post_init__(self) -> None:
        given = [form for form in ("data", "url", "path", "file_id") if getattr(self, form) is not None]
        if len(given) != 1:
            what = " and ".join(given) or "none of them"
            raise ValueError(f"{type(self).__name__} takes exactly one of data, url, path, file_id; got {what}")


class Image(Media, frozen=True, tag="image"):
    """A picture. `detail` is how closely the model should look."""

    detail: Literal["auto", "low", "high", "original"] | None = None


class Audio(Media, frozen=True, tag="audio"):
    """Sound. `transcript` is what was said, where the vendor tells; `id` names an earlier answer's audio."""

    transcript: str = ""
    id: str | None = None


class Video(Media, frozen=True, tag="video"):
    """Moving pictures."""


class File(Media, frozen=True, tag="file"):
    """A document: PDF, text, ... `citable` asks the vendor to cite it where it can."""

    citable: bool = False
    context: str = ""


class ToolCall(Part, frozen=True, tag="tool_call"):
    """The model wants a tool to be run. `arguments` is JSON text, exactly as the model wrote it."""

    id: str
    name: str
    arguments: str = ""

    @property
    def args(self) -> dict[str, Any]:
        """The arguments as a dict; empty for none. Raises `ValueError` where the model wrote no JSON object."""
        if not self.arguments.strip():
            return {}
        try:
            return msgspec.json.decode(self.arguments, type=dict[str, Any])
        except msgspec.DecodeError as error:
            raise ValueError(f"the arguments of tool call {self.name!r} are no JSON object: {error}") from error


class ToolResult(Part, frozen=True, tag="tool_result"):
    """What a tool gave back for the call `call_id`."""

    call_id: str
    content: tuple[Text | Image | File, ...] = ()
    name: str | None = None
    is_error: bool = False

    @property
    def text(self) -> str:
        """All text of the result."""
        return "".join(part.text for part in self.content if isinstance(part, Text))


class ProviderPart(Part, frozen=True, tag="provider"):
    """An item that only one vendor has (a server-side search, a compaction, ...), kept as it came in `extra`."""

    kind: str


AnyPart = Text | Refusal | Reasoning | Image | Audio | Video | File | ToolCall | ToolResult | ProviderPart


def image(source: str | bytes | Path, *, media_type: str | None = None) -> Image:
    """An image from a URL, a path or bytes.

    >>> image("https://example.org/cat.png").url
    'https://example.org/cat.png'
    >>> image("cat.png").path
    'cat.png'
    """
    return Image(**_form(source), media_type=media_type)


def audio(source: str | bytes | Path, *, media_type: str | None = None) -> Audio:
    """Sound from a URL, a path or bytes."""
    return Audio(**_form(source), media_type=media_type)


def file(source: str | bytes | Path, *, media_type: str | None = None, name: str | None = None) -> File:
    """A document from a URL, a path or bytes."""
    return File(**_form(source), media_type=media_type, name=name)


def _form(source: str | bytes | Path) -> dict[str, Any]:
    if isinstance(source, bytes):
        return {"data": source}
    text = str(source)
    if isinstance(source, str) and text.startswith(("http://", "https://", "data:", "gs://", "s3://")):
        return {"url": text}
    return {"path": text}
