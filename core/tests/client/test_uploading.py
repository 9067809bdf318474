"""Media that no request holds go ahead of it: once for the same bytes, without limits, and before anything is asked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import attrs
import msgspec
import pytest

from modelscan import Account, AsyncClient, File, Image, user
from modelscan.client import uploading
from modelscan.client.uploading import Uploads
from modelscan.contracts.http import HttpRequest, HttpResponse, Repeat, Target
from modelscan.contracts.provider import Connection, MediaRules, Provider
from modelscan.errors import (
    AuthenticationError,
    DeadlineError,
    DecodeError,
    MediaError,
    ProviderError,
    ServerError,
    TransportError,
)
from modelscan.testing.scripted import Answer, ScriptedTransport, plain_provider
from modelscan.types.chat import ChatRequest
from modelscan.types.content import Media
from modelscan.wire.schemes import Bearer
from painter import Watching, modelscan_limiter, until

PDF = b"%PDF-" + b"x" * 100
BIG = File(data=PDF)
CUT = TransportError("the connection was cut", phase="read")


@attrs.frozen
class Uploading:
    """Sends the bytes as they are; the answer is the id."""

    repeat: Repeat = "safe"

    def encode(self, request: Media, target: Target) -> HttpRequest:
        headers = (("idempotency-key", target.idempotency_key),) if target.idempotency_key else ()
        return HttpRequest(url=f"{target.base_url}/files", headers=headers, body=request.data, repeat=self.repeat)

    def decode(self, response: HttpResponse, request: Media, target: Target) -> Media:
        return msgspec.structs.replace(request, data=None, file_id=response.body.decode())


class Vendor:
    """A vendor that files what it is sent, and answers; `says` holds other answers to uploads, the next one first."""

    def __init__(self) -> None:
        self.uploads: list[HttpRequest] = []
        self.chats: list[ChatRequest] = []
        self.says: list[Answer] = []
        self.refusal: Answer | None = None
        self.accounts: tuple[Account, ...] = ()
        self.transport = ScriptedTransport(self.answer)

    def answer(self, request: HttpRequest) -> Answer:
        if not request.url.endswith("/files"):
            assert isinstance(request.body, bytes)
            self.chats.append(msgspec.json.decode(request.body, type=ChatRequest))
            return self.refusal or Answer(pieces=[b"hello\n", b"end\n"])
        self.uploads.append(request)
        return self.says.pop(0) if self.says else Answer(pieces=[f"file-{len(self.uploads)}".encode()])

    @property
    def named(self) -> list[str | None]:
        """The ids of the files that the last question names."""
        return [part.file_id for part in self.chats[-1].messages[0].content if isinstance(part, Media)]

    def client(self, upload: Uploading | None = Uploading(), **rules: Any) -> AsyncClient:
        given: dict[str, Any] = {"forms": ("data", "file_id"), "max_bytes": 50, "file_lifetime_s": 100.0} | rules
        connection = Connection(base_urls={"default": "https://plain.example.org"}, schemes={"default": Bearer()})
        provider: Provider = attrs.evolve(
            plain_provider(connection=connection),
            upload=upload,
            media={"file": MediaRules(**given), "image": MediaRules()},
        )
        return AsyncClient(
            plugins=(provider, SimpleNamespace(modelscan_limiter=modelscan_limiter)),
            transport=self.transport,
            api_keys={"plain": "sk-1234567890"},
            accounts=self.accounts,
            settings={"retries.max_attempts": 3, "retries.base_s": 0.0, "client.limiter": "watching"},
            config=False,
        )


@pytest.fixture
def vendor() -> Vendor:
    return Vendor()


async def test_what_is_too_large_for_a_request_is_uploaded_and_named_in_it(vendor: Vendor) -> None:
    async with vendor.client() as client:
        reply = await client.chat(user("What is this?", BIG), model="plain/m")
    assert (reply.text, vendor.named) == ("hello", ["file-1"])
    assert [upload.body for upload in vendor.uploads] == [PDF]
    assert ("authorization", "Bearer sk-1234567890") in vendor.uploads[0].headers


async def test_what_fits_goes_along(vendor: Vendor) -> None:
    async with vendor.client() as client:
        await client.chat(user("What is this?", File(data=b"%PDF-")), model="plain/m")
    assert (vendor.uploads, vendor.named) == ([], [None])


async def test_what_is_taken_as_a_file_only_is_uploaded_whatever_its_size(vendor: Vendor) -> None:
    async with vendor.client(forms=("file_id",)) as client:
        await client.chat(user(File(data=b"%PDF-")), model="plain/m")
    assert vendor.named == ["file-1"]


async def test_a_path_and_an_address_are_uploaded_too(vendor: Vendor, tmp_path: Any) -> None:
    (tmp_path / "a.pdf").write_bytes(PDF)
    async with vendor.client() as client:
        await client.chat(user(File(path=str(tmp_path / "a.pdf"))), model="plain/m")
        await client.chat(user(File(url="data:application/pdf," + "y" * 60)), model="plain/m")
    assert [upload.body for upload in vendor.uploads] == [PDF, b"y" * 60]


@pytest.mark.parametrize("rules", [{"max_file_bytes": 80}, {"media_types": ("text/*",)}, {"forms": ("data",)}])
async def test_what_the_vendor_takes_in_no_form_is_refused_before_anything_is_sent(vendor: Vendor, rules: Any) -> None:
    async with vendor.client(**rules) as client:
        with pytest.raises(MediaError):
            await client.chat(user(BIG), model="plain/m")
    assert vendor.transport.requests == []


async def test_a_vendor_without_uploads_refuses_as_before(vendor: Vendor) -> None:
    async with vendor.client(upload=None) as client:
        with pytest.raises(MediaError, match="50 bytes at most; this one has 105"):
            await client.chat(user(BIG), model="plain/m")


async def test_the_next_turn_does_not_upload_again(vendor: Vendor) -> None:
    async with vendor.client() as client:
        for _ in range(2):
            await client.chat(user("What is this?", BIG), model="plain/m")
            assert vendor.named == ["file-1"]
        async with client.stream(user("And now?", BIG), model="plain/m") as stream:
            await stream.reply()
    assert (len(vendor.uploads), vendor.named) == (1, ["file-1"])


async def test_other_bytes_another_type_and_another_account_are_other_files(vendor: Vendor) -> None:
    vendor.accounts = (Account(provider="plain"), Account(provider="plain", name="work"))
    async with vendor.client() as client:
        await client.chat(user(BIG, File(data=PDF[::-1]), File(data=PDF, media_type="text/plain")), model="plain/m")
        assert vendor.named == ["file-1", "file-2", "file-3"]
        await client.chat(user(BIG), model="plain@work/m")
        assert vendor.named == ["file-4"]


async def test_the_same_bytes_at_the_same_time_are_one_upload(vendor: Vendor) -> None:
    async with vendor.client() as client:
        await asyncio.gather(*[client.chat(user(BIG), model="plain/m") for _ in range(3)])
    assert len(vendor.uploads) == 1


async def test_a_part_keeps_what_it_says_beside_its_bytes(vendor: Vendor) -> None:
    async with vendor.client() as client:
        await client.chat(user(File(data=PDF, citable=True, cache="5m", name="a.pdf")), model="plain/m")
    assert vendor.chats[0].messages[0].content == (
        File(file_id="file-1", media_type="application/pdf", citable=True, cache="5m", name="a.pdf"),
    )


async def test_an_upload_takes_no_limits_and_its_call_one_lease(vendor: Vendor) -> None:
    async with vendor.client() as client:
        await client.chat(user(BIG), model="plain/m")
    assert Watching.leases == [["sent", "arrived", "settled"]]


async def test_the_calls_idempotency_key_does_not_name_its_upload(vendor: Vendor) -> None:
    async with vendor.client() as client:
        await client.chat(user(BIG), model="plain/m", idempotency_key="k-1")
    assert "idempotency-key" not in dict(vendor.uploads[0].headers)


async def test_a_refused_upload_ends_the_call_before_it_is_sent(vendor: Vendor) -> None:
    vendor.says = [Answer(status=401, pieces=[b"no key sk-1234567890"])] * 2
    async with vendor.client() as client:
        with pytest.raises(AuthenticationError) as caught:
            await client.chat(user(BIG), model="plain/m")
    assert (vendor.chats, Watching.leases) == ([], [])
    assert "sk-1234567890" not in str(caught.value)
    assert (caught.value.provider, caught.value.model) == ("plain", "m")


async def test_a_passing_failure_is_tried_again_as_often_as_a_call_is(vendor: Vendor) -> None:
    vendor.says = [Answer(status=503), Answer(status=503)]
    async with vendor.client() as client:
        await client.chat(user(BIG), model="plain/m")
    assert (len(vendor.uploads), vendor.named, len(vendor.chats)) == (3, ["file-3"], 1)
    vendor.says = [Answer(status=503)] * 9
    async with vendor.client() as client:
        with pytest.raises(ServerError):
            await client.chat(user(BIG), model="plain/m")
    assert (len(vendor.says), len(vendor.chats)) == (6, 1)


@pytest.mark.parametrize(("repeat", "uploads"), [("safe", 2), ("unsafe", 1)])
async def test_a_lost_answer_is_asked_for_again_only_where_that_is_safe(
    vendor: Vendor, repeat: Repeat, uploads: int
) -> None:
    vendor.says = [Answer(broken=CUT)]
    async with vendor.client(Uploading(repeat)) as client:
        if repeat == "safe":
            await client.chat(user(BIG), model="plain/m")
        else:
            with pytest.raises(TransportError, match="cut"):
                await client.chat(user(BIG), model="plain/m")
    assert (len(vendor.uploads), len(vendor.chats)) == (uploads, uploads - 1)


async def test_where_an_upload_is_refused_the_next_candidate_is_asked(vendor: Vendor) -> None:
    vendor.accounts = (Account(provider="plain"), Account(provider="plain", name="work"))
    vendor.says = [Answer(status=403)]
    async with vendor.client() as client:
        assert (await client.chat(user(BIG), model="plain/m")).text == "hello"
    assert vendor.named == ["file-2"]


async def test_a_stream_whose_upload_fails_fails_as_it_is_opened(vendor: Vendor) -> None:
    vendor.says = [Answer()]
    async with vendor.client() as client:
        with pytest.raises(DecodeError, match="names no file") as caught:
            async with client.stream(user(BIG), model="plain/m"):
                pass
    assert (caught.value.provider, vendor.chats) == ("plain", [])


async def test_the_deadline_of_a_call_holds_for_its_upload_and_the_next_call_sends_it_anew(vendor: Vendor) -> None:
    vendor.says = [Answer(hang=True)]
    async with vendor.client() as client:
        with pytest.raises(DeadlineError):
            await client.chat(user(BIG), model="plain/m", timeout_s=0.5)
        assert vendor.transport.exchanges[0].is_closed
        await client.chat(user(BIG), model="plain/m")
    assert vendor.named == ["file-2"]


async def test_another_call_that_waits_for_a_cancelled_upload_makes_its_own(vendor: Vendor) -> None:
    vendor.says = [Answer(hang=True)]
    async with vendor.client() as client:
        first = asyncio.create_task(client.chat(user(BIG), model="plain/m"))
        await until(lambda: vendor.uploads)
        second = asyncio.create_task(client.chat(user(BIG), model="plain/m"))
        first.cancel()
        assert (await second).text == "hello"
    assert first.cancelled()
    assert vendor.named == ["file-2"]


async def test_media_that_is_no_file_is_not_touched(vendor: Vendor) -> None:
    async with vendor.client() as client:
        await client.chat(user(Image(data=b"\x89PNG\r\n\x1a\n" + b"." * 100)), model="plain/m")
    assert vendor.uploads == []


# --- memory ---


class Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    old: Callable[..., None] = Uploads.__init__
    monkeypatch.setattr(Uploads, "__init__", lambda self, *given: old(self, *given, now=clock))
    return clock


async def test_a_file_is_used_for_most_of_its_life(vendor: Vendor, clock: Clock) -> None:
    async with vendor.client() as client:
        for later_s, expected in ((0.0, "file-1"), (89.0, "file-1"), (2.0, "file-2")):
            clock.now_s += later_s
            await client.chat(user(BIG), model="plain/m")
            assert vendor.named == [expected]


async def test_a_file_that_stays_is_used_for_good(vendor: Vendor, clock: Clock) -> None:
    async with vendor.client(file_lifetime_s=None) as client:
        await client.chat(user(BIG), model="plain/m")
        clock.now_s += 1e9
        await client.chat(user(BIG), model="plain/m")
    assert vendor.named == ["file-1"]


async def test_the_file_that_was_not_used_for_longest_is_forgotten(
    vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploading, "_MOST_REMEMBERED", 2)
    one, two, three = (File(data=bytes([number]) * 100) for number in range(3))
    async with vendor.client() as client:
        for part, expected in ((one, 1), (two, 2), (one, 1), (three, 3), (one, 1), (two, 4)):
            await client.chat(user(part), model="plain/m")
            assert vendor.named == [f"file-{expected}"]


@pytest.mark.parametrize(("complaint", "expected"), [(b"no such file: file-1", "file-2"), (b"too long", "file-1")])
async def test_a_file_that_the_vendor_says_is_gone_is_uploaded_again_by_the_next_call(
    vendor: Vendor, complaint: bytes, expected: str
) -> None:
    async with vendor.client() as client:
        await client.chat(user(BIG), model="plain/m")
        vendor.refusal = Answer(status=404, pieces=[complaint])
        with pytest.raises(ProviderError):
            await client.chat(user(BIG), model="plain/m")
        vendor.refusal = None
        async with client.stream(user(BIG), model="plain/m") as stream:
            await stream.reply()
    assert vendor.named == [expected]


async def test_another_accounts_files_are_not_doubted(vendor: Vendor) -> None:
    vendor.accounts = (Account(provider="plain"), Account(provider="plain", name="work"))
    async with vendor.client() as client:
        await client.chat(user(BIG), model="plain@default/m")
        vendor.refusal = Answer(status=404, pieces=[b"no such file: file-1"])
        with pytest.raises(ProviderError):
            await client.chat(user("Hi"), model="plain@work/m")
        vendor.refusal = None
        await client.chat(user(BIG), model="plain@default/m")
    assert vendor.named == ["file-1"]
