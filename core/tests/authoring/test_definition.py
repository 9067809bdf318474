"""The format of a provider's definition, and what the template makes of it."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest
from jsonschema import Draft202012Validator

from modelscan.authoring.answering import answers_from, answers_of
from modelscan.authoring.definition import Definition
from modelscan.authoring.rendering import Answers
from modelscan.catalog.format import Catalog
from modelscan.catalog.reading import problems, read, schema
from modelscan.errors import ConfigurationError

WHOLE = dedent("""\
    format: 1
    provider: groq
    name: Groq
    about: Groq for ModelScan
    family: openai-compatible
    connection:
      base_urls: {default: "https://api.groq.example/openai/v1"}
      base_url_env: [GROQ_BASE_URL]
      credential_hosts: [groq.example, "*.groq.example"]
    auth: {env: [GROQ_API_KEY, GROQ_KEY], is_optional: true}
    parameters:
      - {name: region, env: [GROQ_REGION], default: eu, help: Where it runs.}
      - {name: account}
    capabilities: [chat, embed]
    media:
      image: {forms: [url, data], max_bytes: 4194304, media_types: [image/png, image/jpeg]}
    meter: none
    headers: {limits: openai, retry: [retry-after], request_id: [x-request-id, x-groq-id]}
    sources: [{id: limits, url: "https://groq.example/limits", verified: 2026-07-18}]
    plans:
      - id: free
        limits:
          - {kind: rate, unit: requests, amount: 30, window_s: 60, source: limits}
    models:
      - {id: m, prices: [{per: 1000000, units: {input_tokens: 0.59}}]}
    """)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "groq.yaml"
    path.write_text(WHOLE, encoding="utf-8")
    return path


def test_a_definition_holds_a_catalog_and_a_connection() -> None:
    definition = read(WHOLE, Definition, name="groq.yaml")
    assert type(definition.catalog()) is Catalog
    assert definition.catalog().plans == definition.plans
    assert definition.connection.base_urls == {"default": "https://api.groq.example/openai/v1"}
    Draft202012Validator.check_schema(schema(Definition))


@pytest.mark.parametrize(
    ("good", "bad", "told"),
    [
        ("family: openai-compatible", "family: openai", "5:9: 'openai' is not one of"),
        ("auth: {env: [GROQ_API_KEY, GROQ_KEY]", "auth: {scheme: header, env: [K]", "10:7: the schemes `header` and"),
        ("auth: {env: [GROQ_API_KEY, GROQ_KEY]", "auth: {prefix: Key, env: [K]", "10:7: only the scheme `header` has"),
        ("auth: {env: [GROQ_API_KEY, GROQ_KEY]", "auth: {scheme: none, env: [K]", "10:7: a key has environment"),
        ("{default: ", "{other: ", "7:3: one of the `base_urls` is named `default`"),
        ("{default: ", '{other: "http://a", default: ', "1:1: the family openai-compatible has one address"),
        ("[chat, embed]", "[chat, speech]", "1:1: for openai-compatible the template writes chat, embed, models"),
        ("name: Groq", "name: '\"Groq\"'", "1:1: a `name` has no quotation marks"),
        ("GROQ_BASE_URL", "groq-url", "8:18: 'groq-url' does not match"),
        ("limits: openai, ", "limits: opneai, ", "18:10: no dialect of such headers is called 'opneai'; there"),
        ("family: openai-compatible", "family: rest", "1:1: media rules belong to a codec that sends media"),
    ],
)
def test_a_fault_of_a_definition_is_told_with_its_line(good: str, bad: str, told: str) -> None:
    assert str(problems(WHOLE.replace(good, bad, 1), Definition)[0]).startswith(told)


def test_everything_in_a_definition_goes_into_the_plugin(file: Path) -> None:
    given = answers_from(file, "groq", {"author": "Me"}).given
    assert given["author"] == "Me"
    assert given["env"] == "GROQ_API_KEY,GROQ_KEY"
    assert 'base_url_env=("GROQ_BASE_URL",),' in given["_connection"]
    assert "is_key_optional=True," in given["_connection"]
    assert '        default="eu",' in given["_connection"]
    assert "        max_bytes=4194304," in given["_arguments"]
    assert 'limit_headers="openai",' in given["_arguments"]
    assert given["_imports"] == ["MediaRules", "Parameter"]
    assert not given["_has_meter"]
    assert read(given["_catalog"], Catalog, name="catalog.yaml").plans[0].id == "free"


def test_a_definition_of_another_provider_is_refused(file: Path) -> None:
    with pytest.raises(ConfigurationError, match="defines 'groq', not 'grok'"):
        answers_from(file, "grok", {})


def test_what_isnt_said_has_its_default() -> None:
    given = answers_of("provider", "open-acme", {}).given
    assert (given["title"], given["env"]) == ("Open Acme", "OPEN_ACME_API_KEY")
    assert (given["base_url"], given["capabilities"]) == ("https://api.open-acme.example/v1", "chat,models")
    assert answers_of("provider", "a", {"auth": "header"}).given["auth_name"] == "x-api-key"
    assert answers_of("provider", "a", {"auth": "none"}).given["env"] == ""
    assert answers_of("provider", "a", {"family": "websocket"}).given["capabilities"] == "realtime"
    assert answers_of("cache", "a", {"title": "A"}).given == {"title": "A"}


@pytest.mark.parametrize(
    ("kind", "name", "given"),
    [
        ("provider", "Acme", {}),
        ("provider", "a" * 21, {}),
        ("kit", "acme", {}),
        ("cache", "acme", {"about": 'a "cache"'}),
        ("cache", "acme", {"title": "{{ 1 }}"}),
        ("provider", "acme", {"capabilities": ("speech",)}),
        ("provider", "acme", {"family": "morse"}),
        ("provider", "acme", {"base_url": 'http://a"b'}),
    ],
)
def test_an_answer_that_would_break_the_plugin_is_refused(kind: str, name: str, given: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError):
        answers_of(kind, name, given)
    assert Answers(kind="cache", name="acme", given={}).name == "acme"
