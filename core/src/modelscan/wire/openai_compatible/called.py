"""Tool calls of a streamed answer: which call a piece belongs to, for servers that say it in different ways."""

from __future__ import annotations

from typing import Any

from modelscan.types.chat import ChatChunk, ToolCallDelta
from modelscan.wire.openai_compatible.parts import arguments_of, call_extra, made_up_id, name_of
from modelscan.wire.openai_compatible.structs import Call

FIRST_CALL = 100
"""The index of an answer's first call, after all that may come before it."""


class _Slot:
    __slots__ = ("has_started", "id", "index")

    def __init__(self, index: int | None) -> None:
        self.index = index
        self.id = ""
        self.has_started = False


class CallSlots:
    """The calls of one answer, in the order in which they began.

    A piece belongs to the call of its `index`, as OpenAI has it; without one, to the call of its id, else to the last.
    A named piece with another id begins a new call even under an index that is taken: some servers send 0 for all.
    """

    def __init__(self) -> None:
        self._slots: list[_Slot] = []

    def __len__(self) -> int:
        return len(self._slots)

    def chunk(self, call: Call, choice: int, raw: bytes) -> ChatChunk:
        """The chunk of a piece."""
        place = self._place(call)
        slot = self._slots[place]
        custom = call.custom
        if custom is not None and (custom.name or custom.input) and not name_of(call.function):
            name, arguments = custom.name or "", custom.input or ""
            extra: dict[str, Any] = {} if slot.has_started else {"type": "custom"}
        else:
            name, arguments, extra = name_of(call.function), arguments_of(call.function), {}
        delta = ToolCallDelta("" if slot.id else call.id or "", "" if slot.has_started else name, arguments)
        slot.id = slot.id or call.id or ""
        slot.has_started = slot.has_started or bool(name)
        extra = {**extra, **call_extra(call)}
        return ChatChunk(tool_call=delta, extra=extra, index=FIRST_CALL + place, choice=choice, raw=raw)

    def made_up_ids(self, choice: int, raw: bytes) -> list[ChatChunk]:
        """Ids for the calls that came without."""
        chunks = []
        for place, slot in enumerate(self._slots):
            if not slot.id:
                slot.id = made_up_id(place)
                delta = ToolCallDelta(slot.id)
                chunks.append(ChatChunk(tool_call=delta, index=FIRST_CALL + place, choice=choice, raw=raw))
        return chunks

    def _place(self, call: Call) -> int:
        slots = self._slots
        fitting = [place for place, slot in enumerate(slots) if call.index is None or slot.index == call.index]
        if call.id:
            for place in fitting:
                if slots[place].id == call.id:
                    return place
        if fitting and not _begins_another(call, slots[fitting[-1]]):
            return fitting[-1]
        slots.append(_Slot(call.index))
        return len(slots) - 1


def _begins_another(call: Call, last: _Slot) -> bool:
    is_named = bool(name_of(call.function) or name_of(call.custom))
    return is_named and last.has_started and (call.index is None or bool(call.id and last.id))
