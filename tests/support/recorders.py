"""Readers of the files that recorders of HTTP write: one function a recorder, each yields its exchanges in order."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import yaml

from recorded import Exchange, Request, as_bytes, json_bytes, lowered, response

# What a recorder wrote is foreign data, hence Any: a shape that isn't as expected fails the test that reads it.
_Tree = Any


class _Loader(yaml.CSafeLoader):
    """Ruby writes `!binary` where YAML 1.1 has `!!binary`."""


_Loader.add_constructor("!binary", yaml.CSafeLoader.yaml_constructors["tag:yaml.org,2002:binary"])


def _yaml(content: bytes) -> _Tree:
    return yaml.load(content, _Loader)


def vcrpy(content: bytes) -> Iterator[Exchange]:
    """vcrpy, its older httpx form with `content` and `status_code`, and Pydantic AI's with parsed bodies."""
    for pair in _yaml(content)["interactions"]:
        asked, given = pair["request"], pair["response"]
        if "parsed_body" in asked:
            asked["body"] = json_bytes(asked["parsed_body"])
        if "parsed_body" in given:
            given["body"] = {"string": json_bytes(given["parsed_body"])}
        old = "status_code" in given
        status = given["status_code"] if old else given["status"]["code"]
        body = given["content"] if old else given["body"]["string"]
        exchange = _exchange(asked["method"], asked["uri"], asked, status, given, body)
        yield replace(exchange, rebuilt="parsed_body" in given)


def go_vcr(content: bytes) -> Iterator[Exchange]:
    """go-vcr, whose status is a text such as `200 OK` beside `code`."""
    for pair in _yaml(content)["interactions"]:
        asked, given = pair["request"], pair["response"]
        yield _exchange(asked["method"], asked["url"], asked, given["code"], given, given["body"])


def ruby_vcr(content: bytes) -> Iterator[Exchange]:
    """VCR for Ruby and vcr for R (whose status is a bare number); a form's fields aren't a body."""
    for pair in _yaml(content)["http_interactions"]:
        asked, given = pair["request"], pair["response"]
        status = given["status"] if isinstance(given["status"], int) else given["status"]["code"]
        sent = {"headers": asked.get("headers") or {}, "body": _text_or_base64(asked.get("body") or {})}
        yield _exchange(asked["method"], asked["uri"], sent, status, given, _text_or_base64(given.get("body") or {}))


def _text_or_base64(body: _Tree) -> _Tree:
    return b64decode(body["base64_string"]) if "base64_string" in body else body.get("string")


def _exchange(method: str, url: str, asked: _Tree, status: int, given: _Tree, body: _Tree) -> Exchange:
    sent = None if asked["body"] is None else as_bytes(asked["body"])
    request = Request(method.upper(), url, lowered(asked["headers"]), sent)
    return Exchange(request, response(status, lowered(given["headers"]), as_bytes(body)))


def httpmock(content: bytes) -> Iterator[Exchange]:
    """httpmock for Rust: one YAML document an exchange, the URL without its host."""
    for pair in yaml.load_all(content, _Loader):
        when, then = pair["when"], pair["then"]
        query = "&".join(f"{one['name']}={one['value']}" for one in when["query_param"])
        sent = None if when["body"] is None else as_bytes(when["body"])
        url = f"{when['path']}?{query}" if query else when["path"]
        request = Request(when["method"], url, _named(when["header"]), sent)
        yield Exchange(request, response(then["status"], _named(then["header"]), as_bytes(then["body"])))


def _named(headers: _Tree) -> tuple[tuple[str, str], ...]:
    return lowered([(one["name"], one["value"]) for one in headers])


def har(content: bytes) -> Iterator[Exchange]:
    """HAR as Polly writes it: a binary body is a JSON list of base64 texts."""
    for entry in json.loads(content)["log"]["entries"]:
        asked, given = entry["request"], entry["response"]
        kept = given["content"].get("text", "")
        body = b"".join(map(b64decode, json.loads(kept))) if given["content"].get("encoding") else kept.encode()
        request = Request(asked["method"], asked["url"], _named(asked["headers"]), asked["postData"]["text"].encode())
        yield Exchange(request, response(given["status"], _named(given["headers"]), body))


def httprr(content: bytes) -> Iterator[Exchange]:
    """httprr for Go: the lengths of a request and a response in one line, then both as they stood on the wire."""
    rest = content.partition(b"\n")[2]
    while rest:
        sizes, _, rest = rest.partition(b"\n")
        sent, received = map(int, sizes.split())
        first, asked_headers, asked_body = _message(rest[:sent])
        status, given_headers, body = _message(rest[sent : sent + received])
        rest = rest[sent + received :]
        method, url = first.split()[:2]
        yield Exchange(
            Request(method, url, asked_headers, asked_body or None),
            response(int(status.split()[1]), given_headers, body),
        )


def _message(raw: bytes) -> tuple[str, tuple[tuple[str, str], ...], bytes]:
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = lowered([(name, value.strip()) for name, _, value in (line.partition(":") for line in lines)])
    return first, headers, _unchunked(body) if ("transfer-encoding", "chunked") in headers else body


def _unchunked(body: bytes) -> bytes:
    whole = b""
    while body:
        size, _, body = body.partition(b"\r\n")
        length = int(size, 16)
        whole, body = whole + body[:length], body[length + 2 :]
    return whole


def azure_proxy(content: bytes) -> Iterator[Exchange]:
    """The test proxy of the Azure SDKs: JSON is kept parsed, text as a list of lines, anything else in base64."""
    for entry in json.loads(content)["Entries"]:
        asked = entry["RequestBody"]
        request = Request(
            entry["RequestMethod"],
            entry["RequestUri"],
            lowered(entry["RequestHeaders"]),
            None if asked is None else _kept_by_proxy(asked),
        )
        headers, given = lowered(entry["ResponseHeaders"]), entry["ResponseBody"]
        yield Exchange(
            request, response(entry["StatusCode"], headers, _kept_by_proxy(given)), rebuilt=isinstance(given, dict)
        )


def _kept_by_proxy(body: _Tree) -> bytes:
    if isinstance(body, dict):
        return json_bytes(body)
    if isinstance(body, str):
        return b64decode(body)
    return b"".join(b64decode(line[4:]) if line.startswith("b64:") else line.encode() for line in body)


def nock(content: bytes) -> Iterator[Exchange]:
    """nock for Node: JSON is kept parsed, binary bodies in hexadecimal, headers as a flat list or by name."""
    for entry in json.loads(content):
        headers, given = entry["rawHeaders"], entry["response"]
        if isinstance(headers, list):
            headers = list(zip(headers[::2], headers[1::2], strict=True))
        rebuilt = isinstance(given, dict)
        text = bytes.fromhex(given) if entry["responseIsBinary"] else as_bytes(given)
        yield Exchange(
            Request(entry["method"], entry["scope"] + entry["path"], (), json_bytes(entry["body"])),
            response(entry["status"], lowered(headers), json_bytes(given) if rebuilt else text),
            rebuilt=rebuilt,
        )


def tapes(content: bytes) -> Iterator[Exchange]:
    """The tapes of huggingface.js, by hash; the bodies of images, audio and video weren't kept."""
    for tape in json.loads(content).values():
        asked, given = tape["init"], tape["response"]
        sent = as_bytes(asked["body"]) if "body" in asked else None
        yield Exchange(
            Request(asked.get("method", "GET"), tape["url"], lowered(asked.get("headers", {})), sent),
            response(given["status"], lowered(given["headers"]), as_bytes(given["body"])),
        )


def genai(content: bytes) -> Iterator[Exchange]:
    """The replay server of the Google GenAI SDK for JavaScript: bodies are lists of parsed values, one a message."""
    for pair in json.loads(content)["interactions"]:
        asked, given = pair["request"], pair["response"]
        headers = lowered(given["headers"])
        values = [json_bytes(value) for value in given.get("bodySegments", [])]
        framed = ("content-type", "text/event-stream") in headers
        body = b"".join(b"data: " + value + b"\r\n\r\n" for value in values) if framed else b"".join(values)
        sent = b"".join(json_bytes(value) for value in asked["bodySegments"])
        url = f"{asked['protocol']}://{asked['serverAddress']}{asked['url']}"
        request = Request(asked["method"], url, lowered(asked["headers"]), sent)
        yield Exchange(request, response(given["statusCode"], headers, body), rebuilt=True)


def symfony(content: bytes) -> Iterator[Exchange]:
    """The recorder of Symfony AI: bodies are text."""
    for pair in json.loads(content)["interactions"]:
        asked, given = pair["request"], pair["response"]
        yield _exchange(asked["method"], asked["url"], asked, given["status"], given, given["body"])


def reader_of(path: str, content: bytes) -> Callable[[bytes], Iterator[Exchange]]:
    """The reader for a file of requests and responses, told by its name and its first bytes."""
    start = content[:4000]
    if path.endswith((".yaml", ".yml")):
        if b"http_interactions:" in start:
            return ruby_vcr
        if start.startswith(b"when:"):
            return httpmock
        # Of the two with `interactions`, only go-vcr's pairs have a number and a protocol.
        return go_vcr if b"proto_major:" in start else vcrpy
    if path.endswith((".har", ".httprr")):
        return har if path.endswith(".har") else httprr
    tree = json.loads(content)
    if isinstance(tree, list):
        return nock
    if "Entries" in tree:
        return azure_proxy
    if "interactions" in tree:
        return genai if "recordID" in tree else symfony
    return tapes
