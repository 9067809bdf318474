"""What every transport does alike: how long a connection may idle, how a dead one shows, how big a message may be."""

from __future__ import annotations

import socket
from typing import Final

IDLE_S: Final = 15.0
"""How long an unused connection is kept. Longer saves handshakes; but servers drop idle connections, and a request that
meets the drop has an unknown outcome."""

IDLE_CONNECTIONS: Final = 50
READ_BYTES: Final = 64 * 1024
SEND_PIECE_BYTES: Final = 256 * 1024
"""Larger bodies go out in pieces of this size, and the timeout for sending holds for each."""

PING_S: Final = 20.0
CLOSE_S: Final = 5.0
ABNORMAL_CLOSE: Final = 1006
"""The close code of a websocket that broke without saying why (RFC 6455, 7.1.5)."""

MAX_MESSAGE_BYTES: Final = 64 * 1024 * 1024
ACCEPT_ENCODING: Final = "gzip, deflate"

_PROBE_AFTER_S: Final = 30
_PROBE_EVERY_S: Final = 15
_PROBES: Final = 4


def socket_options() -> list[tuple[int, int, int]]:
    """Options that make the kernel probe a silent connection.

    A model may think for many minutes while nothing crosses the wire: the probes keep middleboxes from forgetting the
    connection, and show within two minutes that the other side is gone.
    """
    options = [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1), (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]
    wanted = {
        "TCP_KEEPIDLE": _PROBE_AFTER_S,
        "TCP_KEEPALIVE": _PROBE_AFTER_S,  # the same on macOS
        "TCP_KEEPINTVL": _PROBE_EVERY_S,
        "TCP_KEEPCNT": _PROBES,
    }
    return options + [(socket.IPPROTO_TCP, getattr(socket, n), v) for n, v in wanted.items() if hasattr(socket, n)]
