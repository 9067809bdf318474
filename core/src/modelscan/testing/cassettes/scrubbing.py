"""What must not reach a disk is taken out of headers, addresses and bodies before it does."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit

import attrs
import msgspec

from modelscan.contracts.http import Headers

SCRUBBED: Final = "SCRUBBED"
_HEADERS: Final = re.compile(
    r"authorization|cookie|(^|-)(api-?key|key|token|secret|signature)$|organization|project|^x-amz-(security|date)|session"
)
_QUERY: Final = re.compile(
    r"(^|[-_])(key|token|secret|sig|signature|credential|password|code)$|^api-?key$|^x-amz-", re.IGNORECASE
)
_FIELDS: Final = re.compile(
    r"^(api[-_]?key|.*(access|refresh|id|session|auth)[-_]token|.*secret|password|authorization|private[-_]key(_id)?|client[-_]email)$",
    re.IGNORECASE,
)
# A key by its looks, wherever it stands: what vendors' keys begin with, and signed tokens.
_LOOKS: Final = re.compile(
    r"\b(sk|pk|rk|gsk|xai|hf|r8|pplx|AIza|AKIA|ASIA|ya29|ghp|glpat)[-_.][\w.-]{12,}|\b(AIza|AKIA|ASIA)[\w-]{12,}"
    r"|\beyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]+"
)


def _named(given: Iterable[str]) -> tuple[str, ...]:
    return tuple(filter(None, given))


@attrs.frozen
class Scrubber:
    """Takes out what is secret by its place or by its looks, and the values that it was given."""

    secrets: tuple[str, ...] = attrs.field(default=(), converter=_named, repr=False)

    def headers(self, headers: Headers) -> Headers:
        """The headers; those that prove or name somebody have no value left."""
        return tuple((name, SCRUBBED if _HEADERS.search(name.lower()) else self.text(value)) for name, value in headers)

    def url(self, url: str) -> str:
        """The address without a user, and without values of parameters that prove somebody."""
        parts = urlsplit(url)
        pairs = parse_qsl(parts.query, keep_blank_values=True)
        query = "&".join(
            f"{quote(name, safe='')}={SCRUBBED if _QUERY.search(name) else quote(self.text(value), safe='')}"
            for name, value in pairs
        )
        return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], self.text(parts.path), query, ""))

    def body(self, body: bytes) -> bytes:
        """The body: JSON by its fields, text by its looks, anything else by the given values alone."""
        try:
            value = msgspec.json.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return self.piece(body)
        scrubbed = self._value(value)
        return body if scrubbed == value else msgspec.json.encode(scrubbed)

    def piece(self, piece: bytes) -> bytes:
        """A piece of a stream: its bytes, less what is a secret by its looks."""
        try:
            text = piece.decode()
        except UnicodeDecodeError:
            for secret in self.secrets:
                piece = piece.replace(secret.encode(), SCRUBBED.encode())
            return piece
        return self.text(text).encode()

    def text(self, text: str) -> str:
        """Text without the given values, and without what looks like a key."""
        for secret in self.secrets:
            text = text.replace(secret, SCRUBBED)
        return _LOOKS.sub(SCRUBBED, text)

    def _value(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {
                key: SCRUBBED if isinstance(inner, str) and _FIELDS.match(key) else self._value(inner)
                for key, inner in value.items()
            }
        if isinstance(value, list):
            return [self._value(inner) for inner in value]
        return self.text(value) if isinstance(value, str) else value


def leaks(content: bytes, secrets: Iterable[str]) -> list[str]:
    """Which of the given values stand in a file's bytes, by their last four characters."""
    return [f"…{secret[-4:]}" for secret in secrets if secret and secret.encode() in content]
