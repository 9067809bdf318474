"""Content codings."""

from __future__ import annotations

import gzip
import sys
import zlib

import pytest

from modelscan.errors import DecodeError
from modelscan.transport.decoding import Decoder, decoder_for

TEXT = b"the same text again and again " * 100


def _decoder(name: str) -> Decoder:
    decoder = decoder_for(name)
    assert decoder is not None
    return decoder


def _bare(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize("name", ["", "identity", " Identity , "])
def test_what_is_not_compressed_needs_no_decoder(name: str) -> None:
    assert decoder_for(name) is None


@pytest.mark.parametrize(
    ("name", "packed"),
    [
        ("gzip", gzip.compress(TEXT)),
        ("X-GZip", gzip.compress(TEXT[:50]) + gzip.compress(TEXT[50:])),
        ("deflate", zlib.compress(TEXT)),
        ("deflate", _bare(TEXT)),
        ("deflate, gzip", gzip.compress(zlib.compress(TEXT))),
    ],
)
@pytest.mark.parametrize("size", [1, 7, 1 << 20])
def test_any_split_gives_the_same_bytes(name: str, packed: bytes, size: int) -> None:
    decoder = _decoder(name)
    out = b"".join(decoder.feed(packed[at : at + size]) for at in range(0, len(packed), size)) + decoder.finish()
    assert out == TEXT


def test_br_is_undone_where_its_package_is_installed() -> None:
    brotli = pytest.importorskip("brotli", reason="the package brotli isn't installed")
    packed: bytes = brotli.compress(TEXT)
    decoder = _decoder("br")
    assert decoder.feed(packed[:9]) + decoder.feed(packed[9:]) + decoder.finish() == TEXT
    cut = _decoder("br")
    cut.feed(packed[:9])
    with pytest.raises(DecodeError, match="too early"):
        cut.finish()
    with pytest.raises(DecodeError, match="broken"):
        _decoder("br").feed(b"\xff" * 64)


def test_br_without_its_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "brotli", None)
    with pytest.raises(DecodeError) as caught:
        decoder_for("br")
    assert "brotli" in caught.value.advice


def test_an_unknown_coding_is_an_error() -> None:
    with pytest.raises(DecodeError, match="compressed with zstd"):
        decoder_for("gzip, zstd")


@pytest.mark.parametrize(("name", "packed"), [("gzip", gzip.compress(TEXT)), ("deflate", zlib.compress(TEXT))])
def test_compressed_data_that_ends_early_is_an_error(name: str, packed: bytes) -> None:
    decoder = _decoder(name)
    decoder.feed(packed[:-9])
    with pytest.raises(DecodeError, match="too early"):
        decoder.finish()


@pytest.mark.parametrize("name", ["gzip", "deflate"])
def test_nonsense_is_an_error(name: str) -> None:
    with pytest.raises(DecodeError, match="broken"):
        _decoder(name).feed(b"\xff\xff not compressed at all")


def test_nonsense_after_a_good_beginning_is_an_error() -> None:
    decoder = _decoder("deflate")
    decoder.feed(zlib.compress(TEXT)[:20])
    with pytest.raises(DecodeError, match="broken"):
        decoder.feed(b"\xff" * 400)


def test_an_empty_body_is_whole() -> None:
    assert _decoder("gzip").finish() == b""
    assert _decoder("br, gzip").finish() == b""
