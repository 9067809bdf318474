"""Flows: several requests and one reply; leases, failures, waits, files."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest

from modelscan import Client
from modelscan.contracts.flows import Flow
from modelscan.errors import (
    ConnectError,
    CredentialError,
    DeadlineError,
    ModelScanError,
    OutcomeUnknownError,
    ServerError,
    TransportError,
)
from modelscan.testing.scripted import Answer, ScriptedTransport
from painter import (
    ASKED,
    HANG,
    PAINTED,
    PICTURE,
    PNG,
    SUBMITTED,
    WHOLE,
    Paints,
    Watching,
    client_over,
    methods,
    painter,
    until,
)


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where files go that the client makes."""
    folder = tmp_path / "files"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


def content(reply: Any) -> bytes:
    return Path(reply.images[0].path).read_bytes()


# --- one call ---


def test_the_painter_is_a_flow() -> None:
    assert isinstance(Paints(), Flow)


async def test_a_flow_is_run_like_any_other_call() -> None:
    transport = ScriptedTransport(*WHOLE)
    async with client_over(transport=transport) as client:
        reply = await client.run(ASKED, model="plain/m")
    assert methods(transport) == ["POST submit", "GET job-7", "GET job-7", "GET picture"]
    assert (reply.provider, reply.model, reply.usage.images) == ("plain", "m", 1)


async def test_one_lease_holds_for_the_whole_flow() -> None:
    async with client_over(*WHOLE) as client:
        await client.run(ASKED, model="plain/m")
    assert Watching.leases == [["sent", "arrived", "settled"]]


async def test_a_reply_that_goes_to_a_file_is_given_as_its_path() -> None:
    async with client_over(*WHOLE) as client:
        reply = await client.run(ASKED, model="plain/m")
    assert (content(reply), reply.images[0].media_type) == (b"\x89PNG and so on", "image/png")
    assert reply.images[0].path.endswith(".png")


async def test_a_large_file_is_written_in_pieces() -> None:
    piece = bytes(600_000)
    async with client_over(SUBMITTED, PAINTED, Answer(pieces=[piece] * 5)) as client:
        reply = await client.run(ASKED, model="plain/m")
    assert content(reply) == piece * 5


async def test_credentials_go_to_the_vendor_and_not_to_a_presigned_address() -> None:
    transport = ScriptedTransport(*WHOLE)
    async with client_over(transport=transport) as client:
        await client.run(ASKED, model="plain/m")
    signed = ["authorization" in dict(request.headers) for request in transport.requests]
    assert signed == [True, True, True, False]


async def test_an_address_in_a_reply_cannot_draw_the_credential_to_another_host() -> None:
    transport = ScriptedTransport(*WHOLE)
    async with client_over(transport=transport, flow=Paints(media_auth="default")) as client:
        with pytest.raises(CredentialError, match="media.example.org"):
            await client.run(ASKED, model="plain/m")
    assert len(transport.requests) == 3


async def test_each_flow_has_a_key_of_its_own_and_the_callers_key_wins() -> None:
    transport = ScriptedTransport(*WHOLE, *WHOLE, *WHOLE)
    async with client_over(transport=transport) as client:
        await client.run(ASKED, model="plain/m")
        await client.run(ASKED, model="plain/m")
        await client.run(ASKED, model="plain/m", idempotency_key="order-17")
    first, second, third = (dict(transport.requests[index].headers)["idempotency-key"] for index in (0, 4, 8))
    assert len({first, second}) == 2
    assert third == "order-17"


def test_the_blocking_client_runs_flows_too() -> None:
    with Client(
        plugins=[painter()], transport=ScriptedTransport(*WHOLE, *WHOLE), api_keys={"plain": "sk-1"}, config=False
    ) as client:
        assert client.run(ASKED, model="plain/m").usage.images == 1
        job = client.start(ASKED, model="plain/m")
        assert job.result().usage.images == 1
        assert (job.is_done, job.progress, repr(job)) == (True, 0.5, f"<Job {job.id} done>")


# --- failures ---


async def test_a_refused_submission_is_tried_again_with_a_new_lease() -> None:
    transport = ScriptedTransport(Answer(status=503), *WHOLE)
    async with client_over(transport=transport) as client:
        await client.run(ASKED, model="plain/m")
    assert methods(transport)[:2] == ["POST submit", "POST submit"]
    assert Watching.leases == [["sent", "arrived", "settled"], ["sent", "arrived", "settled"]]


async def test_a_vendor_that_cannot_be_reached_gives_the_lease_back_and_is_tried_again() -> None:
    async with client_over(ConnectError("refused"), *WHOLE) as client:
        await client.run(ASKED, model="plain/m")
    assert Watching.leases == [["sent", "released"], ["sent", "arrived", "settled"]]


@pytest.mark.parametrize("hiccup", [Answer(status=503), TransportError("cut", phase="read"), Answer(cut=True)])
async def test_a_poll_that_fails_for_a_moment_is_tried_again_in_place(hiccup: Any) -> None:
    transport = ScriptedTransport(SUBMITTED, hiccup, PAINTED, PICTURE)
    async with client_over(transport=transport) as client:
        await client.run(ASKED, model="plain/m")
    assert methods(transport) == ["POST submit", "GET job-7", "GET job-7", "GET picture"]
    assert len(Watching.leases) == 1


async def test_a_file_that_breaks_off_is_fetched_anew() -> None:
    torn = Answer(pieces=[b"\x89P"], cut=True, headers=PNG)
    async with client_over(SUBMITTED, PAINTED, torn, PICTURE) as client:
        reply = await client.run(ASKED, model="plain/m")
    assert content(reply) == b"\x89PNG and so on"


async def test_a_poll_that_fails_again_and_again_reaches_the_flow_as_it_came() -> None:
    async with client_over(SUBMITTED, Answer(status=503)) as client:
        with pytest.raises(ServerError):
            await client.run(ASKED, model="plain/m")
    assert Watching.leases == [["sent", "arrived", "forfeited"]]


async def test_a_failure_after_submission_does_not_submit_again() -> None:
    transport = ScriptedTransport(SUBMITTED, TransportError("cut", phase="read"))
    async with client_over(transport=transport) as client:
        with pytest.raises(TransportError, match="cut"):
            await client.run(ASKED, model=["plain/m", "plain/n"])
    assert methods(transport) == ["POST submit", "GET job-7", "GET job-7"]


async def test_a_job_that_the_vendor_gave_up_is_given_to_the_next_candidate() -> None:
    failed = Answer(pieces=[b"failed"])
    transport = ScriptedTransport(SUBMITTED, failed, *WHOLE)
    async with client_over(transport=transport, plugins=(painter(), painter(name="other")), settings={}) as client:
        reply = await client.run(ASKED, model=["plain/m", "other/m"])
    assert reply.provider == "other"


async def test_a_submission_whose_answer_is_lost_is_the_flows_to_decide() -> None:
    lost = TransportError("cut", phase="wait")
    transport = ScriptedTransport(lost, *WHOLE)
    async with client_over(transport=transport) as client:
        await client.run(ASKED, model="plain/m")
    assert methods(transport)[:2] == ["POST submit", "POST submit"]
    async with client_over(lost, flow=Paints(is_lost_asked=False)) as client:
        with pytest.raises(OutcomeUnknownError, match="nobody knows whether it was submitted: cut"):
            await client.run(ASKED, model="plain/m")
    assert Watching.leases == [["sent", "forfeited"]]


async def test_a_flow_that_sends_lost_requests_for_ever_is_stopped() -> None:
    transport = ScriptedTransport(TransportError("cut", phase="wait"))
    async with client_over(transport=transport) as client:
        with pytest.raises(TransportError, match="cut"):
            await client.run(ASKED, model="plain/m")
    assert len(transport.requests) == 3


async def test_a_failed_call_leaves_no_file_behind(files: Path) -> None:
    torn = Answer(pieces=[b"\x89P"], cut=True, headers=PNG)
    async with client_over(SUBMITTED, PAINTED, torn) as client:
        with pytest.raises(TransportError):
            await client.run(ASKED, model="plain/m")
    assert os.listdir(files) == []


async def test_a_refused_file_is_an_error_and_no_file() -> None:
    async with client_over(SUBMITTED, PAINTED, Answer(status=403, pieces=[b"expired"])) as client:
        with pytest.raises(ModelScanError, match="expired"):
            await client.run(ASKED, model="plain/m")


# --- time ---


async def test_a_wait_ends_at_the_deadline_and_the_job_is_cancelled() -> None:
    transport = ScriptedTransport(SUBMITTED, Answer())
    async with client_over(transport=transport, flow=Paints(poll_s=60.0)) as client:
        with pytest.raises(DeadlineError):
            await client.run(ASKED, model="plain/m", timeout_s=0.05)
    assert methods(transport) == ["POST submit", "DELETE job-7"]
    assert Watching.leases == [["sent", "arrived", "forfeited"]]


async def test_cancelling_a_call_cancels_the_vendors_job() -> None:
    transport = ScriptedTransport(SUBMITTED, Answer())
    async with client_over(transport=transport, flow=Paints(poll_s=60.0)) as client:
        task = asyncio.ensure_future(client.run(ASKED, model="plain/m"))
        await until(lambda: Watching.leases == [["sent", "arrived"]])
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert methods(transport)[-1] == "DELETE job-7"


@pytest.mark.parametrize("answer", [HANG, Answer(status=500), ConnectError("gone")])
async def test_a_cancel_that_does_not_work_holds_nobody_up(answer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modelscan.client.flows._CANCEL_S", 0.02)
    async with client_over(SUBMITTED, answer, flow=Paints(poll_s=60.0)) as client:
        with pytest.raises(DeadlineError):
            await client.run(ASKED, model="plain/m", timeout_s=0.02)


async def test_a_call_that_is_cancelled_before_it_was_taken_has_nothing_to_cancel() -> None:
    transport = ScriptedTransport(HANG)
    async with client_over(transport=transport) as client:
        with pytest.raises(DeadlineError):
            await client.run(ASKED, model="plain/m", timeout_s=0.02)
    assert methods(transport) == ["POST submit"]
