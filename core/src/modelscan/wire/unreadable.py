"""What reading JSON raises, all of it: for whoever turns that into an error of ours."""

from __future__ import annotations

from typing import Final

import msgspec

UNREADABLE: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""No JSON or not of the type that was asked for, text that isn't UTF-8, or more nesting than the stack holds."""
