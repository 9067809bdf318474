"""What every cache must do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, ClassVar, Final

from modelscan.contracts.policies import Cache
from modelscan.testing.conformance.policy_tests.made import MadeByName
from modelscan.testing.conformance.suite import counts_for

_VALUE: Final = bytes(range(256)) * 4
_TTL_S: Final = 0.05


class CacheSuite(MadeByName):
    """A cache gives back what it was given until it is too old: `cache = "name"`, or its class."""

    kind = "cache"
    cache: ClassVar[str | Callable[..., Cache]]

    @counts_for("bronze")
    def test_it_is_a_cache(self, made: Any) -> None:
        """Its factory gives one without any option beyond `options`."""
        assert isinstance(made, Cache), f"{made!r} lacks `get`, `put` or `drop`"

    @counts_for("bronze", is_evidence=True)
    async def test_what_was_put_is_got(self, made: Cache) -> None:
        """Byte for byte."""
        await made.put("conformance-1", _VALUE, None)
        found = await made.get("conformance-1")
        assert found == _VALUE, f"a value of {len(_VALUE)} bytes comes back as {found!r:.60}"

    @counts_for("bronze")
    async def test_a_miss_is_none(self, made: Cache) -> None:
        """And no error."""
        assert await made.get("conformance-never-put") is None, "a key that was never put isn't a miss"

    @counts_for("silver")
    async def test_a_later_value_replaces_an_earlier_one(self, made: Cache) -> None:
        """Under the same key."""
        await made.put("conformance-2", b"old", None)
        await made.put("conformance-2", b"new", None)
        assert await made.get("conformance-2") == b"new", "the value that was put first stays"

    @counts_for("silver")
    async def test_keys_don_t_mix(self, made: Cache) -> None:
        """However alike they are."""
        keys = ("conformance-a", "conformance-A", "conformance-a ", "conformance-ä", "conformance-" + "x" * 300)
        for key in keys:
            await made.put(key, key.encode(), None)
        for key in keys:
            assert await made.get(key) == key.encode(), f"the key {key[:30]!r} gives the value of another"

    @counts_for("silver")
    async def test_what_is_dropped_is_gone(self, made: Cache) -> None:
        """And dropping it again is no error."""
        await made.put("conformance-3", b"x", None)
        await made.drop("conformance-3")
        assert await made.get("conformance-3") is None, "a value is still there after it was dropped"
        await made.drop("conformance-3")

    @counts_for("silver")
    async def test_a_value_lives_as_long_as_it_may(self, made: Cache) -> None:
        """`ttl_s` is in seconds."""
        await made.put("conformance-4", b"x", _TTL_S)
        await made.put("conformance-5", b"x", 3600.0)
        await asyncio.sleep(_TTL_S * 3)
        assert await made.get("conformance-4") is None, "a value outlives its ttl_s"
        assert await made.get("conformance-5") == b"x", "a value is gone before its ttl_s is over"

    @counts_for("gold")
    async def test_many_at_once_don_t_disturb_each_other(self, made: Cache) -> None:
        """Fifty writers and readers."""

        async def use(number: int) -> bool:
            key, value = f"conformance-many-{number}", str(number).encode()
            await made.put(key, value, None)
            return await made.get(key) == value

        assert all(await asyncio.gather(*(use(number) for number in range(50)))), "values of calls at once get mixed up"
