"""Headers that tell of several limits at once."""

from __future__ import annotations

from typing import Any

import pytest

from modelscan.limits.learning import read_limits


def read(headers: dict[str, str]) -> list[tuple[Any, ...]]:
    reports = read_limits("", tuple(headers.items()), 200, 1e9)
    return [(one.unit, one.window_s, one.limit, one.remaining, one.reset_s) for one in reports]


@pytest.mark.parametrize(
    ("state", "policy", "expected"),
    [
        ('"default";r=50;t=30', '"default";q=100;w=60', [("requests", 60.0, 100, 50, 30.0)]),
        ('"api";r=489;t=189', '"fixed window";"api";q=500;w=300', [("requests", 300.0, 500, 489, 189.0)]),
        (
            '"day";r=900;t=3600, "burst";r=5',
            '"burst";q=100;w=60, "day";q=1000;w=86400;pk=:YQ==:',
            [("requests", 60.0, 100, 5, None), ("requests", 86400.0, 1000, 900, 3600.0)],
        ),
        (
            '"day";r=900',
            '"burst";q=100;w=60,"day";q=1000;w=86400',
            [("requests", 60.0, 100, None, None), ("requests", 86400.0, 1000, 900, None)],
        ),
        ('"a, b";r=1;t=2', '"a, b";q=3;w=4', [("requests", 4.0, 3, 1, 2.0)]),
        ("r=50;t=30", "q=100;w=60", [("requests", 60.0, 100, 50, 30.0)]),
        ('"x";r=50', '"y";q=100;w=60', [("requests", 60.0, 100, 50, None)]),
        ('"default";r=50;t=30', "", [("requests", None, None, 50, 30.0)]),
        ('"default";r=0;t=30', '"default";q=100;w=0', [("requests", None, 100, 0, 30.0)]),
        ("", '"default";q=100;w=60', [("requests", 60.0, 100, None, None)]),
        ("", "100;w=60", [("requests", 60.0, 100, None, None)]),
        ('"c";r=3', '"c";q=10;qu="concurrent-requests"', [("concurrent", None, 10, 3, None)]),
        ('"b";r=3', '"b";q=10;qu="content-bytes"', []),
        ('"b";t=3', '"b"', []),
        ("limit=100, remaining=50, reset=30", "100;w=60", [("requests", 60.0, 100, 50, 30.0)]),
        ("limit=100, remaining=50, reset=30", "", [("requests", None, 100, 50, 30.0)]),
        ('"', '"', []),
        (";;;,,,", "===;,=", []),
    ],
)
def test_the_ietfs_fields_are_read_in_every_version(state: str, policy: str, expected: list[tuple[Any, ...]]) -> None:
    headers = {"ratelimit": state, "ratelimit-policy": policy}
    assert read({name: value for name, value in headers.items() if value}) == expected


@pytest.mark.parametrize(
    ("limit", "remaining", "reset", "policy", "expected"),
    [
        ("60", "56", "44", "", [("requests", None, 60, 56, 44.0)]),
        ("100, 100;w=60;burst=10, 5000;w=3600", "5", "7", "", [("requests", 60.0, 100, 5, 7.0)]),
        ("100", "5", "7", "10;w=1, 100;w=60", [("requests", 60.0, 100, 5, 7.0)]),
        ("100", "5", "7", "10;w=1, 20;w=60", [("requests", None, 100, 5, 7.0)]),
        ("100", "5", "7", ";w=60", [("requests", None, 100, 5, 7.0)]),
        (
            "1, 15000",
            "1, 1000",
            "1, 1419704",
            "1;w=1, 15000;w=2592000",
            [("requests", 1.0, 1, 1, 1.0), ("requests", 2_592_000.0, 15_000, 1000, 1_419_704.0)],
        ),
        ("1, 0", "0, 0", "1, 1419704", "1;w=1, 0;w=2592000", [("requests", 1.0, 1, 0, 1.0)]),
        ("x", "y", "z", "", []),
        ("x, x", "y", "z", "", []),
    ],
)
@pytest.mark.parametrize("prefix", ["x-ratelimit", "ratelimit"])
def test_lists_with_a_policy_are_read_place_by_place(
    prefix: str, limit: str, remaining: str, reset: str, policy: str, expected: list[tuple[Any, ...]]
) -> None:
    told = {"limit": limit, "remaining": remaining, "reset": reset, "policy": policy}
    assert read({f"{prefix}-{name}": value for name, value in told.items() if value}) == expected
