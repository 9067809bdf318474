"""`modelscan cassettes check`: drift between recordings, as a person sees it."""

from __future__ import annotations

import builtins
from pathlib import Path
from typing import Any

import pytest

from modelscan.cli.app import run
from modelscan.contracts.http import HttpRequest, ResponseHead
from modelscan.testing.cassettes import Origin, Piece, Tape, Taped


def write(path: Path, body: bytes) -> Path:
    head = ResponseHead(200, (("content-type", "application/json"),))
    taped = Taped(request=HttpRequest(url="https://a.test/x"), head=head, pieces=(Piece(body),))
    Tape(origin=Origin(how="written", source="a document", date="2026-11-24"), exchanges=(taped,)).write(path)
    return path


def test_two_cassettes_of_one_shape_are_no_drift(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old, new = write(tmp_path / "old.yaml", b'{"a":1}'), write(tmp_path / "new.yaml", b'{"a":2}')
    assert run(["cassettes", "check", str(old), str(new)]) == 0
    assert capsys.readouterr().err == "1 compared, 0 differences\n"


def test_folders_are_compared_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "old" / "one.yaml", b'{"a":1}')
    write(tmp_path / "old" / "two.yaml", b'{"a":1}')
    (tmp_path / "old" / "three.yaml").write_text("no: cassette\n")
    write(tmp_path / "new" / "one.yaml", b'{"b":1}')
    write(tmp_path / "new" / "three.yaml", b"{}")
    assert run(["cassettes", "check", str(tmp_path / "old"), str(tmp_path / "new")]) == 1
    shown = capsys.readouterr()
    assert "one.yaml: 1. POST https://a.test/x: a is gone\n" in shown.out
    assert "two.yaml: it wasn't recorded anew\n" in shown.out
    assert "is no cassette" in shown.out
    assert "3 compared, 4 differences" in shown.err


def test_nothing_to_compare_is_no_success(tmp_path: Path) -> None:
    assert run(["cassettes", "check", str(tmp_path), str(tmp_path)]) == 1


def test_without_the_extra_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / "old.yaml", b"{}")
    real = builtins.__import__

    def without_yaml(name: str, *rest: Any) -> Any:
        if name == "yaml":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without_yaml)
    assert run(["cassettes", "check", str(path), str(path)]) == 3
    assert "pip install 'modelscan-core[testing]'" in capsys.readouterr().err
