"""The format of a provider's definition, version 1: its catalog, and with it all that its package is made of.

`modelscan new provider NAME --from FILE` reads it; nothing does on a call's path.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from modelscan.catalog.format import Catalog, Part
from modelscan.limits.learning.tables import DIALECTS

Family = Literal["openai-compatible", "anthropic", "gemini", "rest", "flow", "websocket"]
Scheme = Literal["bearer", "header", "query", "basic", "none"]
Sentence = Annotated[
    str, Meta(pattern=r'^[^"\\\n]{0,80}$', description="At most 80 characters, without quotation marks or backslashes.")
]
Blurb = Annotated[
    str, Meta(pattern=r'^[^"\\\n{}]{0,60}$', description="At most 60 characters, without quotation marks or braces.")
]
Word = Annotated[
    str, Meta(pattern=r"^[A-Za-z0-9_.:/{}@%+* -]*$", description="Letters, digits and what addresses hold.")
]
Variable = Annotated[str, Meta(pattern=r"^[A-Z][A-Z0-9_]*$", description="An environment variable.")]

_TITLE = re.compile(r'[^"\\\n{}]{0,40}')

CAPABILITIES: dict[str, tuple[str, ...]] = {
    "openai-compatible": ("chat", "embed", "models"),
    "anthropic": ("chat", "count_tokens", "models"),
    "gemini": ("chat", "embed", "count_tokens", "models"),
    "rest": ("chat", "embed", "rerank", "search"),
    "flow": ("image",),
    "websocket": ("realtime",),
}
"""What the template can write for each family."""


class Connection(Part, frozen=True, kw_only=True):
    """Where the vendor is. An address may hold a parameter in braces."""

    base_urls: Annotated[dict[str, Word], Meta(min_length=1)]
    base_url_env: tuple[Variable, ...] = ()
    credential_hosts: tuple[Word, ...] = ()

    def __post_init__(self) -> None:
        if "default" not in self.base_urls:
            raise ValueError("one of the `base_urls` is named `default`")


class Auth(Part, frozen=True, kw_only=True):
    """How the key travels: as a bearer token, in a `header` or a `query` parameter of a name, or not at all."""

    scheme: Scheme = "bearer"
    name: Word = ""
    prefix: Word = ""
    env: tuple[Variable, ...] = ()
    is_optional: bool = False

    def __post_init__(self) -> None:
        if (self.scheme in ("header", "query")) != bool(self.name):
            raise ValueError("the schemes `header` and `query` have a `name`, and no other has")
        if self.prefix and self.scheme != "header":
            raise ValueError("only the scheme `header` has a `prefix`")
        if (self.scheme == "none") == bool(self.env):
            raise ValueError("a key has environment variables (`env`), and the scheme `none` has none")


class Parameter(Part, frozen=True, kw_only=True):
    """What the connection needs beside the key; without a default it is required."""

    name: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]*$")]
    env: tuple[Variable, ...] = ()
    default: Word | None = None
    help: Sentence = ""


class Media(Part, frozen=True, kw_only=True):
    """In which forms one kind of media is taken, in order of preference."""

    forms: tuple[Literal["url", "data", "file_id"], ...] = ("data",)
    media_types: tuple[Word, ...] = ()
    max_bytes: int | None = None
    url_schemes: tuple[Literal["https", "http", "data", "gs", "s3"], ...] = ("https", "http", "data")


class Headers(Part, frozen=True, kw_only=True):
    """What the vendor's headers are called. Empty is what the family has."""

    limits: Annotated[
        str, Meta(pattern=r"^[a-z0-9-]*$", description="The dialect of the headers that tell of limits.")
    ] = ""
    retry: tuple[Word, ...] = ()
    request_id: tuple[Word, ...] = ()

    def __post_init__(self) -> None:
        if self.limits not in DIALECTS:
            known = ", ".join(sorted(filter(None, DIALECTS)))
            raise ValueError(f"no dialect of such headers is called {self.limits!r}; there are {known}")


class Definition(Catalog, frozen=True, kw_only=True):
    """The whole of a definition: a catalog, and how the vendor is spoken to."""

    about: Blurb = ""
    family: Family
    connection: Connection
    auth: Auth = msgspec.field(default_factory=lambda: Auth(scheme="none"))
    parameters: tuple[Parameter, ...] = ()
    capabilities: Annotated[tuple[str, ...], Meta(min_length=1)] = ("chat",)
    media: dict[Literal["image", "audio", "video", "file"], Media] = {}  # noqa: RUF012 - a Struct copies an empty mapping
    meter: Literal["family", "none"] = "family"
    headers: Headers = Headers()

    def __post_init__(self) -> None:
        if not _TITLE.fullmatch(self.name):
            raise ValueError(
                "a `name` has no quotation marks, backslashes, braces or line breaks, and at most 40 letters"
            )
        written = CAPABILITIES[self.family]
        for capability in self.capabilities:
            if capability not in written:
                raise ValueError(
                    f"for {self.family} the template writes {', '.join(written)}, and not {capability}: "
                    "leave it out here, and write it by hand"
                )
        if self.family == "openai-compatible" and len(self.connection.base_urls) > 1:
            raise ValueError("the family openai-compatible has one address, `default`")
        if self.media and self.family in ("rest", "flow", "websocket"):
            raise ValueError("media rules belong to a codec that sends media: with a format of its own, write both")

    def catalog(self) -> Catalog:
        """The part that goes into the package's `catalog.yaml`."""
        return Catalog(**{name: getattr(self, name) for name in Catalog.__struct_fields__})
