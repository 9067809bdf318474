"""Bodies opened, measured, hashed and sent again."""

from __future__ import annotations

import hashlib
from email.parser import BytesParser
from email.policy import HTTP
from pathlib import Path

import pytest

from modelscan.contracts.http import Body, Field, FileRef, Multipart
from modelscan.errors import MediaError
from modelscan.transport.bodies import open_body, sha256
from modelscan.transport.defaults import SEND_PIECE_BYTES


async def _bytes_of(body: Body) -> bytes:
    return b"".join([chunk async for chunk in open_body(body).chunks()])


@pytest.fixture
def file(tmp_path: Path) -> FileRef:
    path = tmp_path / "speech.wav"
    path.write_bytes(b"RIFF" * SEND_PIECE_BYTES)
    return FileRef(str(path), "audio/wav")


def _overwrite(file: FileRef) -> None:
    Path(file.path).write_bytes(b"shorter")


def _remove(file: FileRef) -> None:
    Path(file.path).unlink()


@pytest.mark.parametrize("body", [None, b""])
async def test_no_body_is_empty(body: Body) -> None:
    opened = open_body(body)
    assert (opened.length, opened.headers, opened.content) == (0, (), b"")
    assert await _bytes_of(body) == b""


async def test_bytes_are_in_memory_and_come_in_pieces() -> None:
    data = b"x" * (SEND_PIECE_BYTES + 1)
    opened = open_body(data)
    assert opened.content is data
    assert [len(chunk) async for chunk in opened.chunks()] == [SEND_PIECE_BYTES, 1]


async def test_a_file_is_read_in_pieces_with_its_length_and_type(file: FileRef) -> None:
    opened = open_body(file)
    assert opened.length == 4 * SEND_PIECE_BYTES
    assert opened.headers == (("content-type", "audio/wav"),)
    assert opened.content is None
    assert [len(chunk) async for chunk in opened.chunks()] == [SEND_PIECE_BYTES] * 4


async def test_an_empty_file_is_an_empty_body(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    assert await _bytes_of(FileRef(str(tmp_path / "empty"))) == b""


@pytest.mark.parametrize("kind", ["bytes", "file", "form", "none"])
async def test_the_hash_is_that_of_the_bytes_sent(kind: str, file: FileRef) -> None:
    bodies: dict[str, Body] = {
        "bytes": b"some",
        "file": file,
        "form": Multipart((Field("file", file), Field("n", "1"))),
        "none": None,
    }
    body = bodies[kind]
    sent = await _bytes_of(body)
    assert open_body(body).length == len(sent)
    assert await sha256(body) == hashlib.sha256(sent).hexdigest()


async def test_a_form_is_read_back_as_it_was_described(file: FileRef) -> None:
    form = Multipart(
        (
            Field("model", "whisper é"),
            Field("blob", b"\x00\r\n\x01", filename="b.bin"),
            Field("note", b"{}", media_type="application/json"),
            Field("file", file),
            Field("named", file, filename="other.wav", media_type="audio/x-wav"),
        )
    )
    opened = open_body(form)
    head = f"Content-Type: {dict(opened.headers)['content-type']}\r\n\r\n".encode()
    message = BytesParser(policy=HTTP).parsebytes(head + await _bytes_of(form))
    parts = [
        (
            part.get_param("name", header="content-disposition"),
            part.get_filename(),
            part.get("content-type"),
            len(part.get_payload(decode=True) or b""),
        )
        for part in message.iter_parts()
    ]
    assert parts == [
        ("model", None, None, len("whisper é".encode())),
        ("blob", "b.bin", "application/octet-stream", 4),
        ("note", None, "application/json", 2),
        ("file", "speech.wav", "audio/wav", 4 * SEND_PIECE_BYTES),
        ("named", "other.wav", "audio/x-wav", 4 * SEND_PIECE_BYTES),
    ]


async def test_a_name_can_not_break_out_of_its_header() -> None:
    sent = await _bytes_of(Multipart((Field('a"\r\nX-Evil: 1', "v", filename='b"\r\n'),)))
    assert b'name="a%22%0D%0AX-Evil: 1"; filename="b%22%0D%0A"' in sent


def test_the_same_form_gets_the_same_boundary_and_another_form_another() -> None:
    first, second = Multipart((Field("a", "1"),)), Multipart((Field("b", "1"),))
    assert open_body(first).headers == open_body(Multipart((Field("a", "1"),))).headers
    assert open_body(first).headers != open_body(second).headers


@pytest.mark.parametrize("body", [FileRef("/nowhere/x"), Multipart((Field("f", FileRef("/nowhere/x")),))])
def test_a_missing_file_is_named(body: Body) -> None:
    with pytest.raises(MediaError, match="/nowhere/x can't be read: no such file"):
        open_body(body)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="is a directory"):
        open_body(FileRef(str(tmp_path)))


async def test_a_file_that_changed_since_it_was_opened_is_an_error(file: FileRef) -> None:
    opened = open_body(file)
    _overwrite(file)
    with pytest.raises(MediaError, match="changed"):
        await anext(opened.chunks())


async def test_a_file_that_is_gone_since_it_was_opened_is_an_error(file: FileRef) -> None:
    opened = open_body(file)
    _remove(file)
    with pytest.raises(MediaError, match="no such file"):
        await anext(opened.chunks())
