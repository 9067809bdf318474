"""Media reach a provider in a form that it takes, or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import pytest

from modelscan import ChatRequest, EmbedRequest, File, Image, ToolResult, image, user
from modelscan.client.materialise import guessed_type, materialised
from modelscan.contracts.provider import MediaRules, Provider
from modelscan.errors import MediaError
from modelscan.testing.scripted import plain_provider
from modelscan.types.content import Audio
from modelscan.types.media import ImageRequest, SpeechRequest, TranscriptionRequest
from modelscan.types.messages import Message

PNG = b"\x89PNG\r\n\x1a\n...."


class Fetched:
    def __init__(self) -> None:
        self.urls: list[str] = []

    async def __call__(self, url: str, max_bytes: int | None) -> tuple[bytes, str]:
        self.urls.append(url)
        return PNG, "image/png; charset=binary"


def provider(**rules: Any) -> Provider:
    return attrs.evolve(plain_provider(), media={"image": MediaRules(**rules)} if rules else {})


async def formed(part: Image, **rules: Any) -> Image:
    request = ChatRequest(messages=(user("look", part),))
    result = await materialised(request, provider(**rules), Fetched())
    formed_part = result.messages[0].content[1]
    assert isinstance(formed_part, Image)
    return formed_part


async def test_a_path_becomes_bytes_with_type_and_name(tmp_path: Path) -> None:
    path = tmp_path / "cat.png"
    path.write_bytes(PNG)
    part = await formed(image(str(path)))
    assert (part.data, part.path, part.media_type, part.name) == (PNG, None, "image/png", "cat.png")


async def test_an_address_stays_where_the_vendor_fetches_it_and_is_fetched_elsewhere() -> None:
    url = image("https://example.org/cat.png")
    assert await formed(url, forms=("url", "data")) == url
    part = await formed(url, forms=("data",))
    assert (part.data, part.url, part.media_type) == (PNG, None, "image/png")
    assert (await formed(image("http://example.org/a"), forms=("url", "data"), url_schemes=("https",))).data == PNG


async def test_a_data_address_becomes_bytes() -> None:
    assert (await formed(Image(url="data:image/gif;base64,R0lGOA=="))).data == b"GIF8"
    assert (await formed(Image(url="data:text/plain,a%20b"))).data == b"a b"
    for bad in ("data:image/gif;base64", "data:image/gif;base64,?"):
        with pytest.raises(MediaError, match="data: address"):
            await formed(Image(url=bad))


async def test_an_uploaded_file_stays_as_it_is() -> None:
    part = Image(file_id="file-1")
    assert await formed(part, forms=("data",)) == part


@pytest.mark.parametrize(
    ("rules", "complaint"),
    [
        ({"max_bytes": 4}, "4 bytes at most"),
        ({"media_types": ("image/jpeg",)}, "no image of type image/png"),
        ({"forms": ("file_id",)}, "only as file_id"),
    ],
)
async def test_what_the_provider_does_not_take_is_refused_before_it_is_sent(rules: Any, complaint: str) -> None:
    with pytest.raises(MediaError, match=complaint):
        await formed(Image(data=PNG), **rules)


async def test_a_wildcard_covers_its_types() -> None:
    assert (await formed(Image(data=PNG), media_types=("image/*",))).data == PNG


async def test_a_file_that_is_missing_or_too_big_is_named(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"none.png can't be read"):
        await formed(image(str(tmp_path / "none.png")))
    (tmp_path / "big.png").write_bytes(PNG)
    with pytest.raises(MediaError, match="4 at most"):
        await formed(image(str(tmp_path / "big.png")), max_bytes=4)


async def test_media_in_tool_results_are_formed_too(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(PNG)
    result = ToolResult(call_id="1", content=(image(str(tmp_path / "a.png")),))
    request = ChatRequest(messages=(Message("tool", (result,)), user("and?")))
    formed_request = await materialised(request, provider(), Fetched())
    assert formed_request.messages[0].content[0].content[0].data == PNG


async def test_requests_without_media_are_the_same_object() -> None:
    for request in (
        ChatRequest(messages=(user("hi"), Message("tool", (ToolResult(call_id="1"),)))),
        EmbedRequest(inputs=("a",)),
        SpeechRequest(text="a"),
        ImageRequest(prompt="a"),
        None,
    ):
        result = await materialised(request, provider(), Fetched())
        assert result == request


async def test_other_requests_media_are_formed_too() -> None:
    embed = await materialised(EmbedRequest(inputs=("a", image("https://x/y"))), provider(forms=("data",)), Fetched())
    assert embed.inputs[1].data == PNG
    made = await materialised(ImageRequest(prompt="a", images=(Image(data=PNG),)), provider(), Fetched())
    assert made.images[0].media_type == "image/png"
    heard = await materialised(TranscriptionRequest(audio=Audio(data=b"ID3x")), provider(), Fetched())
    assert heard.audio.media_type == "audio/mpeg"


@pytest.mark.parametrize(
    ("data", "name", "media_type"),
    [
        (b"%PDF-1.7", None, "application/pdf"),
        (b"RIFF....WEBP", None, "image/webp"),
        (b"RIFF....WAVE", None, "audio/wav"),
        (b"RIFF....????", None, ""),
        (b"....ftypavif", None, "image/avif"),
        (b"....ftypheic", None, "image/heic"),
        (b"....ftypisom", None, "video/mp4"),
        (b"text", "a.csv", "text/csv"),
        (b"text", None, ""),
    ],
)
def test_a_type_is_told_by_the_first_bytes_or_the_name(data: bytes, name: str | None, media_type: str) -> None:
    assert guessed_type(data, name) == media_type


async def test_a_file_part_keeps_its_name() -> None:
    request = ChatRequest(messages=(user(File(data=b"%PDF-1", name="report.pdf")),))
    part = (await materialised(request, provider(), Fetched())).messages[0].content[0]
    assert isinstance(part, File)
    assert (part.name, part.media_type) == ("report.pdf", "application/pdf")
