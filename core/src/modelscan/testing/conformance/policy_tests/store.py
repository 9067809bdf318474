"""What every vector store must do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from modelscan.contracts.policies import Store, StoreItem
from modelscan.testing.conformance.policy_tests.made import MadeByName
from modelscan.testing.conformance.samples import WORDS
from modelscan.testing.conformance.suite import counts_for

_ITEMS = (
    StoreItem(id="conformance-1", vector=(1.0, 0.0, 0.0), text=WORDS, attributes={"page": 7, "tags": ["a"]}),
    StoreItem(id="conformance-2", vector=(0.8, 0.6, 0.0), text="second"),
    StoreItem(id="conformance-3", vector=(0.0, 0.0, 1.0), text="third"),
)
_QUERY = (1.0, 0.1, 0.0)


class StoreSuite(MadeByName):
    """A store finds the nearest of what it was given: `store = "name"`, or its class. Vectors have three dimensions."""

    kind = "store"
    store: ClassVar[str | Callable[..., Store]]

    @counts_for("bronze")
    def test_it_is_a_store(self, made: Any) -> None:
        """Its factory gives one without any option beyond `options`."""
        assert isinstance(made, Store), f"{made!r} lacks `upsert`, `delete` or `query`"

    @counts_for("bronze", is_evidence=True)
    async def test_the_nearest_come_first(self, made: Store) -> None:
        """Best first, by score too."""
        await made.upsert(_ITEMS)
        found = await _found(made, _QUERY, 3)
        ids = [item.id for item, _ in found]
        assert ids == [item.id for item in _ITEMS], f"the nearest aren't first: {ids}"
        scores = [score for _, score in found]
        assert scores == sorted(scores, reverse=True), f"the scores don't fall: {scores}"

    @counts_for("bronze")
    async def test_no_more_than_asked_for_are_given(self, made: Store) -> None:
        """And all, where fewer are there."""
        await made.upsert(_ITEMS)
        assert len(await _found(made, _QUERY, 2)) == 2, "it gives another number than it was asked for"
        assert len(await _found(made, _QUERY, 9)) == 3, "it doesn't give all that it has"

    @counts_for("silver")
    async def test_items_come_back_whole(self, made: Store) -> None:
        """Their text and attributes."""
        await made.upsert(_ITEMS)
        item, _ = (await _found(made, _QUERY, 1))[0]
        assert (item.text, item.attributes) == (_ITEMS[0].text, _ITEMS[0].attributes), f"an item comes back as {item}"

    @counts_for("silver")
    async def test_an_item_replaces_the_one_of_its_id(self, made: Store) -> None:
        """Whatever it holds."""
        await made.upsert(_ITEMS)
        await made.upsert([StoreItem(id="conformance-1", vector=(0.0, 1.0, 0.0), text="moved")])
        found = await _found(made, (0.0, 1.0, 0.0), 9)
        assert found[0][0].text == "moved", "an item that was replaced is still found"
        assert len(found) == 3, "an item that was replaced is there twice"

    @counts_for("silver")
    async def test_what_is_deleted_is_gone(self, made: Store) -> None:
        """Unknown ids are no error."""
        await made.upsert(_ITEMS)
        await made.delete(["conformance-1", "conformance-unknown"])
        ids = [item.id for item, _ in await _found(made, _QUERY, 9)]
        assert "conformance-1" not in ids, "a deleted item is still found"

    @counts_for("silver")
    async def test_nothing_is_found_where_nothing_is(self, made: Store) -> None:
        """And it is no error."""
        await made.upsert(())
        await made.delete([item.id for item in _ITEMS])
        assert await _found(made, _QUERY, 3) == [], "an empty store finds something"


async def _found(store: Store, vector: Sequence[float], count: int) -> list[tuple[StoreItem, float]]:
    return [pair async for pair in store.query(vector, count)]
