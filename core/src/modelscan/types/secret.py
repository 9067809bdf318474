"""A value that must never be shown: every way of printing it gives at most its last four characters."""

from __future__ import annotations

from typing import Final

_SHOWN: Final = 4
_SHORTEST_SHOWN: Final = 12


class Secret:
    """A credential in memory. `reveal()` is the only way to the value.

    >>> Secret("sk-0123456789abcdef")
    Secret('…cdef')
    >>> f"{Secret('short')}"
    '…'
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself: for the code that signs a request, and for nothing else."""
        return self._value

    def masked(self) -> str:
        """The last four characters, or none of them where four would give away too much of a short value."""
        return "…" + (self._value[-_SHOWN:] if len(self._value) >= _SHORTEST_SHOWN else "")

    def __repr__(self) -> str:
        return f"Secret({self.masked()!r})"

    def __str__(self) -> str:
        return self.masked()

    def __format__(self, spec: str) -> str:
        return format(self.masked(), spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a Secret is never pickled: pass the name of the account instead")
