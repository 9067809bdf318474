"""The steps of the demo. The code that a step shows is the code that it runs, but for the printing."""

from __future__ import annotations

import asyncio
import os
import time
from typing import Final

from modelscan import AsyncClient, Budget, Limit
from modelscan.accounting.entry import ledger_file
from modelscan.accounting.ledger import Ledger
from modelscan.catalog import Catalog
from modelscan.cli.catalog.wording import amount_of, per_of
from modelscan.cli.demo.stage import Stage
from modelscan.client.configuration import load
from modelscan.errors import BudgetExceededError, UnknownNameError
from modelscan.folders import data_folder
from modelscan.plugins import Plugins
from modelscan.testing.mock import MockProvider
from modelscan.types.chat import ChatReply
from modelscan.types.money import Money, total_of

_MODEL: Final = "embedded/smollm2"
_MOCK: Final = "mock/any"
_PRICES: Final = {"mock/*": {"per": 1_000_000, "units": {"input_tokens": "2.50", "output_tokens": "10.00"}}}
_ANSWER: Final = "Air scatters blue light more than red light."
_QUESTION: Final = "Why is the sky blue?"
_CALLS: Final = 7


async def walk(stage: Stage) -> None:
    """All steps, one after the other."""
    settings = load({}, file=False)
    installed = Plugins(allow=settings["plugins.allow"], block=settings["plugins.block"])
    has_model = "embedded" in installed.names("provider")
    stage.tell("Nothing leaves this machine, and no key is needed. Who answers:")
    if has_model:
        stage.tell(f"  {_MODEL}: a small model in this process, fluent and often wrong")
    stage.tell(f"  {_MOCK}: a mock that says what it was told, where a price or a limit is to be seen")
    stage.tell(f"Limits, budgets and the ledger are real; they are in {data_folder()} until the end.")
    await limits(stage)
    spent = await budgets(stage)
    await costs(stage, spent)
    await streaming(stage, _MODEL if has_model else _MOCK)
    await plugins(stage, installed)
    await catalog(stage)
    stage.tell(f"That was all, in {stage.elapsed_s:.0f} s. Next: docs/tutorials/first-steps.md")


async def limits(stage: Stage) -> None:
    """More calls at once than a limit allows: they wait instead of failing."""
    window_s = stage.pace_s
    await stage.scene(
        "A limit that waits",
        f"The mock refuses (429) more than 3 requests in any {window_s:g} s. The client knows the limit, and "
        f"{_CALLS} calls\nare started at once.",
        f'limits={{"mock": [Limit("requests", 3, window_s={window_s:g})]}}\n'
        f'await asyncio.gather(*(client.chat("...", model="{_MOCK}") for _ in range({_CALLS})))',
    )
    mock = MockProvider().with_rate_limit(3, window_s=window_s).with_response(_ANSWER)
    given = {"mock": [Limit("requests", 3, window_s=window_s)]}
    begun = time.monotonic()

    async def call(client: AsyncClient) -> None:
        await client.chat(_QUESTION, model=_MOCK)
        stage.tell(f"answered after {time.monotonic() - begun:.2f} s")

    async with AsyncClient(config=False, plugins=[mock], limits=given) as client:
        await asyncio.gather(*(call(client) for _ in range(_CALLS)))
    stage.tell(f"The mock was asked {len(mock.calls)} times and had to refuse {mock.violations}.")
    await stage.pause()


async def budgets(stage: Stage) -> Money:
    """Calls until a budget refuses one; what they cost together."""
    await stage.scene(
        "A budget that refuses",
        "The mock's model is given a price, and the client a tenth of a cent. A call is sent only if the most that it\n"
        "can cost is left.",
        'prices={"mock/*": {"per": 1_000_000, "units": {"input_tokens": "2.50", "output_tokens": "10.00"}}}\n'
        'budgets=[Budget("0.001", per="session")]\n'
        f'await client.chat("{_QUESTION}", model="{_MOCK}", max_output_tokens=20)   # again and again',
    )
    mock = MockProvider().with_response(_ANSWER)
    costs: list[Money] = []
    async with AsyncClient(
        config=False, plugins=[mock], prices=_PRICES, budgets=[Budget("0.001", per="session")]
    ) as client:
        while True:
            try:
                reply = await client.chat(_QUESTION, model=_MOCK, max_output_tokens=20, tags={"feature": "demo"})
            except BudgetExceededError as error:
                stage.tell(f"refused: {error.message}")
                break
            costs.append(_price(reply))
            stage.tell(f"{len(costs)}: {costs[-1]}, together {total_of(costs)}")
    stage.tell(f"The mock was asked {len(mock.calls)} times: what was refused was never sent.")
    await stage.pause()
    return total_of(costs)


async def costs(stage: Stage, spent: Money) -> None:
    """What a call would cost and did, line by line, and the ledger's sum."""
    await stage.scene(
        "Exact costs",
        "What a call would cost, what it did, and what the ledger has of this demo's calls, to the last digit.",
        f'estimate = await client.estimate("{_QUESTION}", model="{_MOCK}", max_output_tokens=20)   # nothing is sent\n'
        f'reply = await client.chat("{_QUESTION}", model="{_MOCK}", max_output_tokens=20)\n'
        "reply.cost.lines, reply.cost.total",
    )
    mock = MockProvider().with_response(_ANSWER)
    async with AsyncClient(config=False, plugins=[mock], prices=_PRICES) as client:
        estimate = await client.estimate(_QUESTION, model=_MOCK, max_output_tokens=20)
        stage.tell(f"estimated: {estimate.cost.total}, and {estimate.most.total} at most")
        reply = await client.chat(_QUESTION, model=_MOCK, max_output_tokens=20)
    for line in reply.cost.lines:
        stage.tell(f"{line.quantity} {line.unit} x {line.unit_price:f} = {line.amount:f}")
    stage.tell(f"together {reply.cost.total} ({reply.cost.certainty})")
    ledger = Ledger(ledger_file(os.environ))
    (kept,) = [one for one in ledger.spent(by=("provider",)) if one.group == ("mock",) and one.total]
    ledger.close()
    stage.tell(f"The ledger has {kept.total:f} {kept.currency}; the replies add up to {spent + _price(reply)}.")
    await stage.pause()


def _price(reply: ChatReply[None]) -> Money:
    assert reply.cost.total is not None  # noqa: S101 - the mock's model has a price
    return reply.cost.total


async def streaming(stage: Stage, model: str) -> None:
    """An answer while it comes."""
    most = 12 if stage.is_fast else 40
    await stage.scene(
        "Streaming",
        f"An answer of {model}, piece by piece."
        + ("" if model == _MODEL else " (modelscan-provider-embedded isn't installed, so the mock speaks.)"),
        f'async with client.stream("{_QUESTION}", model="{model}", max_output_tokens={most}) as stream:\n'
        '    async for chunk in stream:\n        print(chunk.text, end="")',
    )
    begun, first_s = time.monotonic(), 0.0
    async with (
        AsyncClient(config=False, plugins=[MockProvider().with_response(_ANSWER)]) as client,
        client.stream(_QUESTION, model=model, max_output_tokens=most) as stream,
    ):
        async for chunk in stream:
            first_s = first_s or time.monotonic() - begun
            stage.type(chunk.text)
        reply = await stream.reply()
    stage.type("\n\n")
    stage.tell(
        f"first piece after {first_s:.2f} s, {reply.usage.output_tokens} tokens in {time.monotonic() - begun:.2f} s"
    )
    await stage.pause()


async def plugins(stage: Stage, installed: Plugins) -> None:
    """What is installed."""
    await stage.scene(
        "Plugins",
        "Each provider is a package of its own, found without being imported. A broken one hurts no other.",
        'Plugins().records("provider")',
    )
    can = installed.names("provider")
    known = [record for record in installed.records("provider") if record.state == "data"]
    stage.tell(f"{len(can)} providers can be called: {', '.join(can)}")
    stage.tell(f"{len(known)} more are known by their limits, models and prices alone.")
    await stage.pause()


async def catalog(stage: Stage) -> None:
    """Limits that nobody had to write down."""
    await stage.scene(
        "The catalog",
        "Limits come from the provider's package by the account's plan, each with its source and date.",
        'Catalog().limits("openai", plan="tier-1", model="gpt-5")',
    )
    try:
        found = await asyncio.to_thread(Catalog().limits, "openai", plan="tier-1", model="gpt-5")
    except UnknownNameError as error:
        stage.tell(f"{error.message}: its package isn't installed.")
        return
    for known in found:
        fresh = known.freshness
        amount = f"{amount_of(known.limit.amount)} {known.limit.unit.replace('_', ' ')}"
        stage.tell(f"{amount}, {per_of(known.limit)}: {fresh.trust}, read on {fresh.verified}")
    stage.tell("`modelscan catalog seed` counts what is known of all, and says how old it is.")
