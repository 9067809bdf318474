"""Configuration: `modelscan.toml`, then the environment, then arguments, each stronger than the one before."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from modelscan.client.settings import (
    ACCOUNT_KEYS,
    BUDGETS,
    BY_PATH,
    KEYS,
    OTHER_VARIABLES,
    PROVIDER_KEYS,
    ROUTE_KEYS,
    SECTIONS,
    TABLES,
    Origin,
    Settings,
    checked,
)
from modelscan.errors import ConfigurationError
from modelscan.folders import config_folder
from modelscan.types.accounts import Account, Route
from modelscan.types.limits import Budget, Limit

FILE_NAME = "modelscan.toml"
_VARIABLES = {key.variable: key for key in KEYS}
_PREFIX = "MODELSCAN_"


def load(
    arguments: Mapping[str, Any] | None = None,
    *,
    file: str | Path | bool | None = None,
    environment: Mapping[str, str] | None = None,
) -> Settings:
    """The settings from all three sources.

    `file` is a path, False for none, or None for the usual places: `$MODELSCAN_CONFIG`, `modelscan.toml` here or in a
    folder above, the user's configuration folder. `arguments` are `section.name` paths, and `plans`, `base_urls`,
    `accounts`, `routes`, `limits`, `budgets`. Raises `ConfigurationError` for an unknown key (with the nearest name) or
    a bad value.
    """
    environment = os.environ if environment is None else environment
    path = _find(file, environment)
    document = _read(path) if path else {}
    builder = _Builder(str(path or ""))
    builder.take_file(document)
    builder.take_environment(environment)
    builder.take_arguments(arguments or {})
    return builder.settings()


class _Builder:
    def __init__(self, file: str) -> None:
        self._file = file
        self._values: dict[str, Any] = {key.path: key.default for key in KEYS}
        self._origins: dict[str, Origin] = {key.path: "default" for key in KEYS}
        self._accounts: dict[str, Account] = {}
        self._routes: dict[str, Route] = {}
        self._plans: dict[str, str] = {}
        self._given_plans: dict[str, str] = {}
        self._given_accounts: set[str] = set()
        self._base_urls: dict[str, str] = {}
        self._limits: dict[str, tuple[Limit, ...]] = {}
        self._budgets: tuple[Budget, ...] = ()

    def take_file(self, document: Mapping[str, Any]) -> None:
        for section, table in document.items():
            _known(section, (*SECTIONS, *TABLES, BUDGETS), "section", self._file)
            if section == BUDGETS:
                self._budgets = tuple(_listed(Budget, table, f"[[{BUDGETS}]] in {self._file}"))
                continue
            if not isinstance(table, dict):
                raise ConfigurationError(f"[{section}] in {self._file} is a table of keys, not {table!r}")
            if section in TABLES:
                for name, entry in table.items():
                    self._take_entry(section, name, entry)
                continue
            for name, value in table.items():
                self._set(f"{section}.{name}", value, "file", self._file)

    def take_environment(self, environment: Mapping[str, str]) -> None:
        for variable, value in environment.items():
            if not variable.startswith(_PREFIX) or variable in OTHER_VARIABLES or _is_a_plugins(variable):
                continue
            _known(variable, _VARIABLES, "variable", "the environment")
            self._set(_VARIABLES[variable].path, value, "environment", f"${variable}")

    def take_arguments(self, arguments: Mapping[str, Any]) -> None:
        for name, value in arguments.items():
            if value is None:
                continue
            if name == "plans":
                self._given_plans |= value
            elif name == "base_urls":
                self._base_urls |= value
            elif name == "routes":
                self._routes |= value
            elif name == "limits":
                self._limits |= {provider: tuple(limits) for provider, limits in value.items()}
            elif name == "budgets":
                self._budgets = tuple(value)
            elif name == "accounts":
                self._accounts |= {account.key: account for account in value}
                self._given_accounts = {account.key for account in value}
            else:
                self._set(name, value, "argument", "the client's arguments")

    def _set(self, path: str, value: Any, origin: Origin, where: str) -> None:
        _known(path, BY_PATH, "key", where)
        self._values[path] = checked(BY_PATH[path], value, where)
        self._origins[path] = origin

    def _take_entry(self, table: str, name: str, entry: Any) -> None:
        where = f"[{table}.{name}] in {self._file}"
        if not isinstance(entry, dict):
            raise ConfigurationError(f"{where} is a table of keys, not {entry!r}")
        if table == "accounts":
            account = _struct(
                Account, ACCOUNT_KEYS, {"provider": name, **entry}, where, name=_account_name(name, entry)
            )
            self._accounts[account.key] = account
        elif table == "routes":
            self._routes[name] = _struct(Route, ROUTE_KEYS, {"strategy": "first", **entry}, where)
        else:
            for key, value in entry.items():
                _known(key, PROVIDER_KEYS, "key", where)
                if key == "limits":
                    self._limits[name] = tuple(_listed(Limit, value, f"{key} of {where}"))
                    continue
                if not isinstance(value, str):
                    raise ConfigurationError(f"{key} in {where} is {value!r}; it takes text")
                (self._plans if key == "plan" else self._base_urls)[name] = value

    def settings(self) -> Settings:
        accounts = dict(self._accounts)
        for provider, plan in self._plans.items():
            key = f"{provider}/default"
            own = accounts.get(key, Account(provider=provider))
            accounts[key] = own if own.plan else _with_plan(own, plan)
        for provider, plan in self._given_plans.items():
            key = f"{provider}/default"
            own = accounts.get(key, Account(provider=provider))
            accounts[key] = own if own.plan and key in self._given_accounts else _with_plan(own, plan)
        return Settings(
            values=self._values,
            accounts=tuple(accounts.values()),
            routes=self._routes,
            base_urls=self._base_urls,
            limits=self._limits,
            budgets=self._budgets,
            origins=self._origins,
            file=self._file,
        )


def _is_a_plugins(variable: str) -> bool:
    """Whether a variable belongs to a plugin (`MODELSCAN_EMBEDDED_MODEL`): none of our sections, and no misspelling."""
    from difflib import get_close_matches

    rest = variable.removeprefix(_PREFIX)
    if rest.partition("_")[0].lower() in SECTIONS:
        return False
    return not get_close_matches(rest, [known.removeprefix(_PREFIX) for known in _VARIABLES], n=1, cutoff=0.8)


def _account_name(name: str, entry: Mapping[str, Any]) -> str:
    """A table named after its provider is the provider's default account; any other name is the account's own."""
    return "default" if entry.get("provider", name) == name else name


def _with_plan(account: Account, plan: str) -> Account:
    import msgspec

    return msgspec.structs.replace(account, plan=plan)


def _struct(type_: Any, keys: Iterable[str], entry: Mapping[str, Any], where: str, **fixed: Any) -> Any:
    import msgspec

    for key in entry:
        _known(key, keys, "key", where)
    try:
        return msgspec.convert({**entry, **fixed}, type_)
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"{where}: {error}") from None


def _listed(type_: Any, tables: Any, where: str) -> list[Any]:
    import msgspec

    try:
        return [msgspec.convert(table, type_, strict=False) for table in _list_of(tables)]
    except (msgspec.ValidationError, ValueError) as error:
        raise ConfigurationError(f"{where}: {error}") from None


def _list_of(tables: Any) -> list[Any]:
    if not isinstance(tables, list):
        raise ValueError(f"it is a list of tables, not {tables!r}")
    return tables


def _known(name: str, names: Iterable[str], what: str, where: str) -> None:
    names = list(names)
    if name in names:
        return
    from difflib import get_close_matches

    near = get_close_matches(name, names, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(sorted(names))}"
    raise ConfigurationError(f"unknown {what} {name!r} in {where}", advice=hint)


def _find(file: str | Path | bool | None, environment: Mapping[str, str]) -> Path | None:
    if file is False:
        return None
    named = file if isinstance(file, (str, Path)) else environment.get("MODELSCAN_CONFIG")
    if named:
        path = Path(named).expanduser()
        if not path.is_file():
            raise ConfigurationError(f"there is no configuration file {path}")
        return path
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / FILE_NAME).is_file():
            return folder / FILE_NAME
    home = config_folder(environment) / FILE_NAME
    return home if home.is_file() else None


def _read(path: Path) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} is no TOML: {error}") from None
    except OSError as error:
        raise ConfigurationError(f"{path} can't be read: {error.strerror}") from None
