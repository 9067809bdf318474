"""The command line, as a person uses it: against a provider and a transport that are installed like any other."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fake_distributions import install
from modelscan.cli import exits
from modelscan.cli.app import run
from modelscan.errors import BudgetExceededError, ConfigurationError, InvalidRequestError, ModelScanError

PROVIDER = """
    import attrs
    from modelscan.hookspecs import hookimpl
    from modelscan.testing.scripted import plain_provider
    from modelscan.contracts.http import HttpRequest
    from modelscan.types.embed import EmbedReply
    class Lists:
        def encode(self, request, target): return HttpRequest(method="GET", url=target.base_url)
        def decode(self, response, request, target): return ("m", "n")
    class Embeds:
        def encode(self, request, target): return HttpRequest(url=target.base_url)
        def decode(self, response, request, target):
            return EmbedReply(vectors=tuple((float(len(text)),) for text in request.inputs))
    @hookimpl
    def modelscan_provider():
        return attrs.evolve(plain_provider("clitest"), models=Lists(), embed=Embeds())
"""
TRANSPORT = """
    from modelscan.hookspecs import hookimpl
    from modelscan.testing.scripted import Answer, ScriptedTransport
    class Canned(ScriptedTransport):
        name = "canned"
        answer = Answer(pieces=[b"hel\\n", b"lo\\n", b"end\\n"])
        sent = []
        def __init__(self, options):
            super().__init__(self.answer)
            self.requests = Canned.sent
            del self.requests[:]
    @hookimpl
    def modelscan_transport():
        return Canned
"""
COMMAND = """
    import click
    from modelscan.hookspecs import hookimpl
    @click.command("greet")
    def greet():
        click.echo("good day")
    @hookimpl
    def modelscan_command():
        return greet
"""


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def piped(data: str | bytes) -> io.TextIOWrapper:
    """Standard input that isn't a terminal; the locale's encoding is one that no text here is written in."""
    return io.TextIOWrapper(io.BytesIO(data.encode() if isinstance(data, str) else data), encoding="ascii")


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    install(tmp_path, "clitest", PROVIDER)
    install(tmp_path, "canned", TRANSPORT, kind="transport")
    install(tmp_path, "greet", COMMAND, kind="command")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("MODELSCAN_CLIENT_TRANSPORT", "canned")
    monkeypatch.setenv("MODELSCAN_CLIENT_MODEL", "clitest/m")
    monkeypatch.setenv("MODELSCAN_HOME", str(tmp_path))
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.chdir(tmp_path)
    for module in ("modelscan_provider_clitest", "modelscan_transport_canned", "modelscan_command_greet"):
        monkeypatch.delitem(sys.modules, module, raising=False)

    def call(*arguments: str, stdin: str | bytes | None = None) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", Terminal() if stdin is None else piped(stdin))
        code = run(arguments)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def sent_body() -> dict[str, Any]:
    body: dict[str, Any] = json.loads(sys.modules["modelscan_transport_canned"].Canned.sent[-1].body)
    return body


def test_an_answer_is_printed_as_it_comes(cli: Any) -> None:
    assert cli("chat", "hi", "there") == (0, "hello\n", "")
    assert sent_body()["messages"][0]["content"][0]["text"] == "hi there"


def test_an_error_in_mid_answer_begins_a_line_of_its_own(cli: Any, tmp_path: Path) -> None:
    failing = TRANSPORT.replace(r'b"lo\n", b"end\n"', r'b"error late\n"')
    assert failing != TRANSPORT
    install(tmp_path, "canned", failing, kind="transport")
    code, out, error = cli("chat", "hi")
    assert (code, out) == (exits.FAILED, "hel\n")
    assert error.startswith("Error: clitest/m: error late")


def test_standard_input_comes_before_the_arguments(cli: Any) -> None:
    assert cli("chat", "Shorter, please.", "--no-stream", stdin="A long text.\n")[:2] == (0, "hello\n")
    assert sent_body()["messages"][0]["content"][0]["text"] == "A long text.\n\nShorter, please."
    assert cli("chat", stdin="only piped")[0] == 0


def test_standard_input_is_utf8_whatever_the_locale(cli: Any) -> None:
    assert cli("chat", stdin="Grüße")[0] == 0
    assert sent_body()["messages"][0]["content"][0]["text"] == "Grüße"


def test_standard_input_that_is_no_text_is_refused_with_advice(cli: Any) -> None:
    code, _, error = cli("chat", "hi", stdin=b"\x89PNG\r\n\xff")
    assert code == exits.USAGE
    assert "no UTF-8 text (byte 0)" in error
    assert "--image" in error


def test_an_error_is_red_unless_no_color_is_set(
    cli: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("click._compat.isatty", lambda _: True)
    assert "\x1b[" not in cli("chat", "-m", "nobody/m", "hi")[2]
    monkeypatch.delenv("NO_COLOR")
    assert "\x1b[31m" in cli("chat", "-m", "nobody/m", "hi")[2]


def test_a_reply_can_be_had_as_json(cli: Any) -> None:
    code, out, _ = cli("chat", "hi", "--json", "-s", "Be brief.", "--temperature", "0", "--max-output-tokens", "9")
    reply = json.loads(out)
    assert code == 0
    assert (reply["text"], reply["provider"], reply["model"], reply["finish_reason"]) == (
        "hello",
        "clitest",
        "m",
        "stop",
    )
    assert reply["usage"]["output_tokens"] == 2
    body = sent_body()
    assert (body["messages"][0]["role"], body["temperature"], body["max_output_tokens"]) == ("system", 0.0, 9)


def test_a_schema_comes_from_a_file_or_the_command_line(cli: Any, tmp_path: Path) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}}}
    (tmp_path / "schema.json").write_text(json.dumps(schema))
    for source in (str(tmp_path / "schema.json"), json.dumps(schema)):
        assert cli("chat", "hi", "--schema", source)[0] == 0
        assert sent_body()["response_format"]["schema"] == schema
    for bad in ("{", "none.json"):
        code, _, err = cli("chat", "hi", "--schema", bad)
        assert code == exits.USAGE
        assert "--schema" in err


def test_a_picture_is_sent_along(cli: Any, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    assert cli("chat", "what?", "--image", str(tmp_path / "a.png"))[0] == 0
    assert sent_body()["messages"][0]["content"][1]["media_type"] == "image/png"


def test_a_prompt_is_needed(cli: Any) -> None:
    code, _, err = cli("chat")
    assert code == exits.USAGE
    assert "There is no prompt" in err


def test_vectors_are_printed_one_a_line(cli: Any) -> None:
    assert cli("embed", "-m", "clitest/e", "a", "bc")[:2] == (0, "[1.0]\n[2.0]\n")
    assert cli("embed", "-m", "clitest/e", "--lines", stdin="abc\n\nd\n")[:2] == (0, "[3.0]\n[1.0]\n")
    assert cli("embed", "-m", "clitest/e", stdin="abcd\n")[:2] == (0, "[4.0]\n")
    code, out, _ = cli("embed", "-m", "clitest/e", "a", "--json")
    assert (code, json.loads(out)["vectors"]) == (0, [[1.0]])
    assert cli("embed", "-m", "clitest/e", stdin=" ")[0] == exits.USAGE


def test_models_of_one_or_all_providers_are_listed(cli: Any) -> None:
    assert cli("models", "clitest")[:2] == (0, "PROVIDER\tMODEL\nclitest\tclitest/m\nclitest\tclitest/n\n")
    code, out, err = cli("models", "--json")
    assert code == 0
    assert {"provider": "clitest", "model": "clitest/m"} in json.loads(out)
    assert "Traceback" not in err
    assert cli("models", "nobody")[0] == exits.SETUP


def test_plugins_are_listed(cli: Any) -> None:
    code, out, _ = cli("plugins", "--kind", "provider", "--no-load")
    assert code == 0
    assert "clitest\tprovider\tfound\t1.0\tmodelscan-provider-clitest" in out
    code, out, _ = cli("plugins", "--kind", "provider", "--json")
    assert "loaded" in {record["state"] for record in json.loads(out) if record["name"] == "clitest"}


def test_a_plugins_own_command_runs(cli: Any) -> None:
    assert cli("greet")[:2] == (0, "good day\n")
    assert "greet" in cli("--help")[1]


def test_the_doctor_names_keys_configuration_and_problems(cli: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://user:sk-canary-0123456789@127.0.0.1:1")
    monkeypatch.setenv("SSL_CERT_FILE", "/nonexistent.pem")
    code, out, _ = cli("doctor")
    assert code == exits.SETUP
    assert "client.transport = 'canned', from the environment" in out
    assert "clitest/default needs no key" in out
    assert "HTTPS_PROXY is set to http://127.0.0.1:1" in out
    assert "/nonexistent.pem, which doesn't exist" in out
    monkeypatch.delenv("SSL_CERT_FILE")
    findings = json.loads(cli("doctor", "--json")[1])
    assert {"python", "configuration", "plugins", "keys", "network"} <= {finding["topic"] for finding in findings}


def test_the_doctor_names_a_provider_that_is_configured_and_not_installed(cli: Any, tmp_path: Path) -> None:
    (tmp_path / "modelscan.toml").write_text('[providers.clitets]\nbase_url = "http://127.0.0.1:1"\n[accounts.zzz]\n')
    findings = {finding["text"]: finding for finding in json.loads(cli("doctor", "--json")[1])}
    assert findings["it names the provider 'clitets', which isn't installed"]["advice"] == "Did you mean 'clitest'?"
    unknown = findings["it names the provider 'zzz', which isn't installed"]
    assert (unknown["verdict"], unknown["advice"]) == ("problem", "Install modelscan-provider-zzz, or take it out.")


def test_the_doctor_sees_a_broken_configuration(cli: Any, tmp_path: Path) -> None:
    (tmp_path / "modelscan.toml").write_text("[clients]\n")
    code, out, _ = cli("doctor")
    assert code == exits.SETUP
    assert "did you mean 'client'" in out


def test_a_mistyped_command_is_answered_with_the_nearest(cli: Any) -> None:
    code, _, err = cli("caht")
    assert code == exits.USAGE
    assert "Did you mean 'chat'?" in err
    assert cli("zzzzzz")[0] == exits.USAGE


def test_version_and_help_succeed(cli: Any) -> None:
    assert cli("--version")[0] == 0
    code, out, _ = cli("--help")
    assert code == 0
    assert "Exit codes:" in out
    for command in ("chat", "doctor", "embed", "models", "plugins"):
        assert "Examples:" in cli(command, "--help")[1]


def test_errors_are_one_line_and_a_code_and_never_a_traceback(cli: Any) -> None:
    code, _, err = cli("chat", "-m", "nobody/m", "hi")
    assert code == exits.SETUP
    assert err.startswith("Error: ")
    assert "Traceback" not in err
    assert "Traceback" in cli("--debug", "chat", "-m", "nobody/m", "hi")[2]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigurationError("x"), exits.SETUP),
        (BudgetExceededError("x"), exits.LIMITED),
        (InvalidRequestError("x"), exits.USAGE),
        (ModelScanError("x"), exits.FAILED),
    ],
)
def test_every_error_has_its_exit_code(error: ModelScanError, code: int) -> None:
    assert exits.code_of(error) == code


@pytest.mark.parametrize(
    ("raised", "code"), [(KeyboardInterrupt(), exits.INTERRUPTED), (ValueError("odd"), exits.FAILED)]
)
def test_whatever_happens_there_is_no_traceback(
    cli: Any, monkeypatch: pytest.MonkeyPatch, raised: Any, code: int
) -> None:
    def fail(*_: object) -> None:
        raise raised

    monkeypatch.setattr("modelscan.cli.output.print_json", fail)
    monkeypatch.delitem(sys.modules, "modelscan.cli.doctor", raising=False)
    result, _, err = cli("doctor", "--json")
    assert result == code
    assert "Traceback" not in err


def test_a_terminal_gets_a_table(cli: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from modelscan.cli.output import print_table

    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    print_table(("NAME",), [("[red]a",)])
    assert "[red]a" in terminal.getvalue()
    assert "NAME" in terminal.getvalue()
