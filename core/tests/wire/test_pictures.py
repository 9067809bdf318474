"""How large a picture is by its first bytes, and requests without their media."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelscan.types.chat import ChatRequest
from modelscan.types.content import Audio, Image, Media, Text, ToolResult
from modelscan.types.messages import Message, user
from modelscan.wire.pictures import patches, size_of, without_media

PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 640, 480)
GIF = b"GIF89a" + struct.pack("<HH", 640, 480)
FRAME = b"\xff\xc0\x00\x11\x08" + struct.pack(">HH", 480, 640)
JPEG = b"\xff\xd8" + b"\xff\xe0\x00\x10" + bytes(14) + FRAME
VP8X = b"RIFF\x00\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00" + bytes(4) + b"\x7f\x02\x00\xdf\x01\x00"
VP8L = b"RIFF\x00\x00\x00\x00WEBPVP8L\x00\x00\x00\x00\x2f" + (639 | 479 << 14).to_bytes(4, "little")
VP8 = b"RIFF\x00\x00\x00\x00WEBPVP8 \x00\x00\x00\x00" + bytes(6) + struct.pack("<HH", 640, 480)


@pytest.mark.parametrize("data", [PNG, GIF, JPEG, VP8X, VP8L, VP8], ids=["png", "gif", "jpeg", "vp8x", "vp8l", "vp8"])
def test_every_format_tells_its_size_in_its_head_and_a_part_of_it_tells_none(data: bytes) -> None:
    assert size_of(data) == size_of(data + bytes(100)) == (640, 480)
    assert {size_of(data[:length]) for length in range(len(data))} == {None}


@pytest.mark.parametrize("between", [b"\xff", b"\xff\x01", b"\xff\xd0", b"\xff\xc4\x00\x03x", b"\xff\xe1\x00\x04ab"])
def test_a_jpeg_may_hold_anything_before_its_frame(between: bytes) -> None:
    assert size_of(b"\xff\xd8" + between + FRAME) == (640, 480)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"%PDF-1.7",
        b"RIFF\x00\x00\x00\x00WAVEfmt " + bytes(30),
        VP8X.replace(b"VP8X", b"ICCP"),
        JPEG.replace(b"\xff\xc0", b"xx"),
        b"\xff\xd8\xff\xc4\xff\xff" + bytes(9),
        PNG[:16] + bytes(8),
        VP8[:26] + bytes(4),
        GIF[:6] + bytes(4),
    ],
)
def test_what_has_no_size_or_is_no_picture_has_none(data: bytes) -> None:
    assert size_of(data) is None


@given(st.sampled_from([PNG[:16], GIF[:6], JPEG[:20], VP8X[:16], VP8L[:20], VP8[:20], b""]), st.binary(max_size=64))
def test_no_bytes_break_it(start: bytes, rest: bytes) -> None:
    found = size_of(start + rest)
    assert found is None or min(found) > 0


def test_patches_cover_the_edges_too() -> None:
    assert patches((640, 480), 32) == 20 * 15
    assert patches((641, 481), 32) == 21 * 16


def test_a_request_s_pictures_are_taken_out_wherever_they_stand() -> None:
    picture, inner, sound = Image(url="https://a.example/a.png"), Image(data=b"x" * 99), Audio(data=b"sound")
    result = ToolResult(call_id="c", content=(Text(text="seen"), inner))
    plain = Message("assistant", (Text(text="Hi"), ToolResult(call_id="d", content=(Text(text="no"),))))
    request = ChatRequest(messages=(user("What?", picture, sound), plain, Message("tool", (result,))))
    found, taken = without_media(request)
    assert taken == [picture, inner]
    assert found.messages[1] is plain
    assert [type(part) for part in found.messages[0].content] == [Text, Image, Audio]
    (left,) = found.messages[2].content
    assert isinstance(left, ToolResult)
    assert left.content[0] == Text(text="seen")
    assert left.content[1] == found.messages[0].content[1] == Image(data=b"", media_type="image/png")
    assert without_media(request, Media)[1] == [picture, sound, inner]


def test_a_request_without_pictures_is_left_as_it_is() -> None:
    request = ChatRequest(messages=(user("Hi"),))
    assert without_media(request) == (request, [])
    assert without_media(request)[0] is request
