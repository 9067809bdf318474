"""The most that a picture or a sound counts at OpenAI."""

from __future__ import annotations

from typing import Any

import pytest

from modelscan.contracts.http import Target
from modelscan.types.chat import ChatRequest
from modelscan.types.content import Audio, File, Image, Video
from modelscan.types.messages import user
from modelscan_provider_openai import modelscan_provider

UNSEEN = (Image(url="https://a.example/a.png"), Image(path="a.png"), Image(file_id="a"))


def png(width: int, height: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + bytes(8) + width.to_bytes(4, "big") + height.to_bytes(4, "big")


def tokens(*content: Any, model: str = "gpt-4o", **fields: Any) -> int | None:
    provider = modelscan_provider()
    assert provider.meter is not None
    target = Target(base_urls={"default": "https://api.openai.com/v1"}, model=model)
    found = provider.meter.bound(ChatRequest(messages=(user("What is it?", *content),), **fields), target)
    return found["input_tokens"]


def of(medium: Any, model: str = "gpt-4o") -> int:
    found, without = tokens(medium, model=model), tokens(Image(data=b"", media_type="image/png", detail="low"))
    assert found is not None
    assert without is not None
    return found - (without - 631)


@pytest.mark.parametrize(
    ("picture", "model", "used"),  # by the vendor's guide
    [
        (Image(data=png(1_024, 1_024)), "gpt-4o", 85 + 4 * 170),
        (Image(data=png(2_048, 4_096)), "gpt-4o", 85 + 6 * 170),
        (Image(data=png(1_024, 1_024)), "gpt-4.1-nano", 2_519),
        (Image(data=png(1_024, 1_024)), "gpt-4.1-mini", 1_659),
        (Image(data=png(1_024, 1_024)), "gpt-4o-mini", 2_833 + 4 * 5_667),
        (Image(data=png(4_032, 3_024)), "gpt-6-astra", 14_364),
        (Image(url="https://a.example/a.png", detail="low"), "gpt-4o", 85),
        (Image(url="https://a.example/a.png", detail="low"), "gpt-4o-mini", 2_833),
    ],
)
def test_a_picture_counts_no_more_than_its_bound(picture: Image, model: str, used: int) -> None:
    assert of(picture, model) >= used


@pytest.mark.parametrize("picture", UNSEEN)
def test_a_picture_whose_bytes_aren_t_here_counts_the_most_that_any_does(picture: Image) -> None:
    assert of(picture) == 48_169
    assert of(Image(data=png(30_000, 30_000))) == 48_169


def test_a_small_picture_is_bounded_by_its_size() -> None:
    assert of(Image(data=png(512, 512))) == 85 + 8 * 170
    assert of(Image(data=b"no picture")) == 48_169


def test_sound_is_bounded_by_its_bytes_and_other_media_aren_t() -> None:
    assert of(Audio(data=b"x" * 50_000)) == 1_064
    for medium in (Audio(file_id="a"), File(data=b"%PDF"), Video(data=b"x")):
        assert tokens(medium) is None


def test_the_cap_on_output_is_exact() -> None:
    provider = modelscan_provider()
    assert provider.meter is not None
    request = ChatRequest(messages=(user("Hi"),), max_output_tokens=10, choices=3)
    assert provider.meter.bound(request, Target(base_urls={}, model="gpt-4o"))["output_tokens"] == 30


def test_what_a_cut_stream_costs_is_not_known() -> None:
    assert modelscan_provider().cut_stream == "unknown"
