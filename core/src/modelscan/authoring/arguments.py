"""A definition as the template's variables: what has no variable of its own becomes lines of Python."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from modelscan.authoring.definition import Definition, Media, Parameter
from modelscan.catalog.writing import written


def variables(definition: Definition) -> dict[str, Any]:
    """The template's variables, by name."""
    auth, urls = definition.auth, definition.connection.base_urls
    more = {name: url for name, url in urls.items() if name != "default"}
    given: dict[str, Any] = {
        "family": definition.family,
        "base_url": urls["default"].rstrip("/"),
        "auth": auth.scheme,
        "auth_name": auth.name,
        "env": ",".join(auth.env),
        "capabilities": ",".join(definition.capabilities),
        "_auth_prefix": auth.prefix,
        "_base_urls": [f"{_text(name)}: {_text(url)}," for name, url in more.items()],
        "_connection": list(_connection(definition)),
        "_arguments": list(_arguments(definition)),
        "_imports": [*(["MediaRules"] if definition.media else []), *(["Parameter"] if definition.parameters else [])],
        "_has_media": bool(definition.media),
        "_has_meter": definition.meter == "family",
        "_catalog": written(definition.catalog()).rstrip("\n"),
    }
    told = {"title": definition.name, "about": definition.about}
    return given | {name: text for name, text in told.items() if text}


def _connection(definition: Definition) -> Iterator[str]:
    yield from _texts("base_url_env", definition.connection.base_url_env)
    yield from _texts("credential_hosts", definition.connection.credential_hosts)
    if definition.parameters:
        yield from _exploded("parameters=(", [line for one in definition.parameters for line in _parameter(one)], "),")
    if definition.auth.is_optional:
        yield "is_key_optional=True,"


def _arguments(definition: Definition) -> Iterator[str]:
    if definition.media:
        rules = [line for kind, one in definition.media.items() for line in _media(kind, one)]
        yield from _exploded("media={", rules, "},")
    yield from _texts("retry_headers", definition.headers.retry)
    yield from _texts("request_id_headers", definition.headers.request_id)
    if definition.headers.limits:
        yield f"limit_headers={_text(definition.headers.limits)},"


def _parameter(parameter: Parameter) -> Iterator[str]:
    fields: Mapping[str, str | None] = {"default": parameter.default, "help": parameter.help or None}
    lines = [f"name={_text(parameter.name)},", *_texts("env", parameter.env)]
    lines += [f"{name}={_text(value)}," for name, value in fields.items() if value is not None]
    yield from _exploded("Parameter(", lines, "),")


def _media(kind: str, media: Media) -> Iterator[str]:
    lines = [*_texts("forms", media.forms), *_texts("media_types", media.media_types)]
    if media.max_bytes is not None:
        lines.append(f"max_bytes={media.max_bytes},")
    lines += _texts("url_schemes", media.url_schemes)
    yield from _exploded(f"{_text(kind)}: MediaRules(", lines, "),")


def _texts(name: str, values: Sequence[str]) -> Iterator[str]:
    """A tuple of texts as the formatter would have it; nothing for an empty one."""
    if len(values) == 1:
        yield f"{name}=({_text(values[0])},),"
    elif values:
        yield from _exploded(f"{name}=(", [f"{_text(value)}," for value in values], "),")


def _exploded(first: str, lines: Sequence[str], last: str) -> Iterator[str]:
    yield first
    yield from (f"    {line}" for line in lines)
    yield last


def _text(value: str) -> str:
    return msgspec.json.encode(value).decode()
