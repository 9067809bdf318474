"""Configuration: file, environment, arguments, in this order of growing strength; and no typo goes unnoticed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from modelscan import Account, AsyncClient, Budget, Limit, Route
from modelscan.client.configuration import load
from modelscan.client.settings import ACCOUNT_KEYS, KEYS, ROUTE_KEYS, Key, checked
from modelscan.errors import ConfigurationError
from modelscan.folders import config_folder


def written(folder: Path, text: str) -> Path:
    path = folder / "modelscan.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_each_source_is_stronger_than_the_one_before(tmp_path: Path) -> None:
    path = written(tmp_path, "[retries]\nmax_attempts = 1\nbase_s = 1\ncap_s = 1\n")
    environment = {"MODELSCAN_RETRIES_BASE_S": "2", "MODELSCAN_RETRIES_CAP_S": "2"}
    settings = load({"retries.cap_s": 3}, file=path, environment=environment)
    assert [settings[f"retries.{name}"] for name in ("max_attempts", "base_s", "cap_s")] == [1, 2.0, 3.0]
    assert [settings.origins[f"retries.{name}"] for name in ("max_attempts", "base_s", "cap_s", "longest_wait_s")] == [
        "file",
        "environment",
        "argument",
        "default",
    ]


def test_every_field_of_an_account_and_a_route_is_a_key_with_a_description() -> None:
    assert {*ACCOUNT_KEYS} == {*Account.__struct_fields__} - {"name"}
    assert {*ROUTE_KEYS} == {*Route.__struct_fields__}
    assert all([*ACCOUNT_KEYS.values(), *ROUTE_KEYS.values()])


def test_a_plan_in_the_arguments_wins_over_the_accounts_in_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, "[accounts.openai]\nplan = 'tier-1'\nregion = 'eu'\n")
    (account,) = load({"plans": {"openai": "tier-3"}}, file=path, environment={}).accounts
    assert (account.plan, account.region) == ("tier-3", "eu")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[retry]\nmax_attempts = 1", "did you mean 'retries'"),
        ("[retries]\nmax_attempt = 1", "did you mean 'retries.max_attempts'"),
        ("[retries]\nmax_attempts = 'many'", "takes a whole number"),
        ("[retries]\nmax_attempts = 1.5", "takes a whole number"),
        ("[timeouts]\nread_s = -1", "takes a number, 0 or more"),
        ("[transport]\nhttp2 = 'maybe'", "takes true or false"),
        ("[transport]\nhttp2 = 7", "takes true or false"),
        ("[client]\nmodel = 3", "takes text"),
        ("[plugins]\nblock = [1]", "takes a list of str"),
        ("retries = 3", "is a table of keys"),
        ("[accounts]\nwork = 3", "is a table of keys"),
        ("[accounts.work]\nprovider = 'openai'\nplann = 'x'", "did you mean 'plan'"),
        ("[accounts.work]\nprovider = 3", "Expected `str`"),
        ("[routes.cheap]\nmodel = ['a/b']", "did you mean 'models'"),
        ("[providers.openai]\nbase_uri = 'x'", "did you mean 'base_url'"),
        ("[providers.openai]\nplan = 3", "takes text"),
        ("[retries", "is no TOML"),
    ],
)
def test_a_mistake_in_the_file_is_named(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(ConfigurationError, match="modelscan.toml") as caught:
        load(file=written(tmp_path, text), environment={})
    assert complaint in str(caught.value)


def test_a_misspelt_variable_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(ConfigurationError, match="did you mean 'MODELSCAN_RETRIES_MAX_ATTEMPTS'"):
        load(file=False, environment={"MODELSCAN_RETIRES_MAX_ATTEMPTS": "1"})
    with pytest.raises(ConfigurationError, match="MODELSCAN_CLIENT_MODELL"):
        load(file=False, environment={"MODELSCAN_CLIENT_MODELL": "1"})


def test_the_key_files_passphrase_is_no_setting() -> None:
    settings = load(file=False, environment={"MODELSCAN_KEY_PASSPHRASE": "canary"})
    assert "canary" not in f"{settings!r} {settings.origins}"


def test_a_plugins_own_variables_are_left_alone() -> None:
    load(file=False, environment={"MODELSCAN_EMBEDDED_MODEL": "x.gguf", "PATH": "/bin", "MODELSCAN_HOME": "/tmp"})


def test_an_unknown_argument_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="'retries.max_attempts'"):
        AsyncClient(settings={"retries.max_atempts": 1}, config=False)
    with pytest.raises(TypeError, match="takes no argument 'api_key'"):
        AsyncClient(api_key="x", config=False)  # type: ignore[call-arg]


def test_limits_and_budgets_come_from_the_file(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        """
        [[budgets]]
        amount = "5.00"
        per = "day"
        [providers.openai]
        limits = [{ unit = "requests", amount = 5, window_s = 60 }]
        """,
    )
    settings = load(file=path, environment={})
    assert settings.budgets == (Budget("5.00", per="day"),)
    assert settings.limits == {"openai": (Limit("requests", 5, window_s=60),)}


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ('[[budgets]]\namount = "much"', r"\[\[budgets\]\] in .*Invalid decimal string"),
        ('[providers.openai]\nlimits = [{ unit = "requests", amount = -1 }]', "a limit's amount is a positive number"),
        ('[providers.openai]\nlimits = "5 a minute"', "it is a list of tables"),
    ],
)
def test_a_limit_or_budget_that_is_none_is_told_where_it_stands(tmp_path: Path, text: str, match: str) -> None:
    with pytest.raises(ConfigurationError, match=match):
        load(file=written(tmp_path, text), environment={})


def test_accounts_routes_and_plans_come_from_the_file(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        """
        [accounts.work]
        provider = "openai"
        credential = "env:WORK_KEY"
        params = { api = "responses" }
        [accounts.anthropic]
        region = "eu"
        [providers.openai]
        plan = "tier-3"
        base_url = "http://127.0.0.1:1/v1"
        [routes.auto]
        models = ["openai/a", "anthropic/b"]
        """,
    )
    settings = load(file=path, environment={})
    accounts = {account.key: account for account in settings.accounts}
    assert accounts["openai/work"].credential == "env:WORK_KEY"
    assert accounts["anthropic/default"].region == "eu"
    assert accounts["openai/default"].plan == "tier-3"
    assert settings.routes["auto"] == Route("first", models=("openai/a", "anthropic/b"))
    assert settings.base_urls == {"openai": "http://127.0.0.1:1/v1"}


def test_a_plan_does_not_replace_an_accounts_own() -> None:
    account = Account(provider="openai", plan="tier-5")
    settings = load({"accounts": [account], "plans": {"openai": "tier-1"}}, file=False, environment={})
    assert settings.accounts[0].plan == "tier-5"


def test_the_file_is_found_here_above_and_in_the_users_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    inner = tmp_path / "project" / "inner"
    inner.mkdir(parents=True)
    home.mkdir()
    monkeypatch.chdir(inner)
    environment = {"MODELSCAN_HOME": str(home)}
    assert load(environment=environment).file == ""
    written(home, "[client]\nmodel = 'a/home'")
    assert load(environment=environment)["client.model"] == "a/home"
    written(tmp_path / "project", "[client]\nmodel = 'a/above'")
    assert load(environment=environment)["client.model"] == "a/above"
    named = written(tmp_path, "[client]\nmodel = 'a/named'")
    assert load(environment={"MODELSCAN_CONFIG": str(named)})["client.model"] == "a/named"


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no configuration file"):
        load(file=tmp_path / "none.toml", environment={})


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    path = tmp_path / "modelscan.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match="is no TOML"):
        load(file=path, environment={})


def test_the_users_folder_follows_the_platform() -> None:
    assert config_folder({}).name == "modelscan"


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.path)
def test_every_key_is_documented_and_takes_its_own_default(key: Key) -> None:
    assert len(key.help) > 10
    assert checked(key, key.default, "the defaults") == key.default


@pytest.mark.parametrize(("text", "value"), [("yes", True), ("FALSE", False), ("0", False)])
def test_text_from_the_environment_becomes_the_keys_type(text: str, value: Any) -> None:
    environment = {"MODELSCAN_TRANSPORT_HTTP2": text, "MODELSCAN_PLUGINS_BLOCK": "provider:a, provider:b"}
    settings = load(file=False, environment=environment)
    assert settings["transport.http2"] is value
    assert settings["plugins.block"] == ("provider:a", "provider:b")
