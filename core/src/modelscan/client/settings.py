"""The settings of a client: every key there is, its type, its default and what it means.

This table is the only place where a key exists: the file, the environment, the arguments, the checks and the
reference page are all read off it.
"""

from __future__ import annotations

from typing import Any, Literal, get_args, get_origin

import msgspec

from modelscan.auth.keyfile import PASSPHRASE_VARIABLE
from modelscan.errors import ConfigurationError
from modelscan.types.accounts import Account, Route
from modelscan.types.limits import Budget, Limit


class Key(msgspec.Struct, frozen=True):
    """One setting: `section.name` in the file, `MODELSCAN_SECTION_NAME` in the environment."""

    section: str
    name: str
    type: Any
    default: Any
    help: str

    @property
    def path(self) -> str:
        """How the key is written in messages and in the reference."""
        return f"{self.section}.{self.name}"

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return f"MODELSCAN_{self.section}_{self.name}".upper()


KEYS = (
    Key("client", "model", str, "embedded/smollm2", "The model that the command line uses where none is named."),
    Key("client", "transport", str, "httpx", "The transport plugin that sends requests."),
    Key("client", "limiter", str, "memory", "The limiter plugin that holds limits and budgets; `unlimited` for none."),
    Key("timeouts", "connect_s", float, 10.0, "Seconds until a connection stands; 0 for no limit."),
    Key("timeouts", "send_s", float, 60.0, "Seconds for sending the request; 0 for no limit."),
    Key("timeouts", "wait_s", float, 600.0, "Seconds from the request to the reply's head; 0 for no limit."),
    Key("timeouts", "read_s", float, 120.0, "Seconds between two pieces of the reply; 0 for no limit."),
    Key("retries", "max_attempts", int, 4, "Attempts per candidate, the first one included."),
    Key("retries", "base_s", float, 0.5, "Longest wait before the second attempt; it doubles with each."),
    Key("retries", "cap_s", float, 8.0, "Longest wait that ModelScan chooses itself."),
    Key("retries", "longest_wait_s", float, 120.0, "Longest wait that a provider may ask for."),
    Key(
        "transport", "http2", bool, default=False, help="Speak HTTP/2 where the server does (needs the extra `http2`)."
    ),
    Key("transport", "ca_bundle", str, "", "A file of CA certificates instead of the usual ones."),
    Key(
        "transport",
        "trust_env",
        bool,
        default=True,
        help="Use HTTPS_PROXY, NO_PROXY and SSL_CERT_FILE of the environment.",
    ),
    Key(
        "transport",
        "fetch_private",
        bool,
        default=False,
        help="Fetch media also from private networks and this machine.",
    ),
    Key(
        "limits",
        "headroom",
        float,
        0.0,
        "The part of the provider's limits that is used; 0 for all that the provider confirms and 0.95 of the others.",
    ),
    Key("limits", "longest_wait_s", float, 600.0, "Seconds that a call waits for a limit at most; 0 for no limit."),
    Key("limits", "catalog", bool, default=True, help="Hold the limits that the catalog knows for a plan."),
    Key("limits", "remember", bool, default=True, help="Keep what providers tell of their limits for later programs."),
    Key("accounting", "ledger", bool, default=True, help="Write every attempt and its cost into the ledger."),
    Key(
        "accounting",
        "currency",
        str,
        "",
        "The currency of costs, at given exchange rates; empty for that of the budgets or the price.",
    ),
    Key(
        "accounting",
        "exchange_rates",
        list[str],
        (),
        "Dated rates, each as `EUR:USD:1.0832:2026-11-20`: what one of the first is worth.",
    ),
    Key("transport", "max_connections", int, 1000, "Connections open at once; 0 for no limit."),
    Key("plugins", "allow", list[str], (), "Load these plugins only, each as `kind:name`; empty for all."),
    Key("plugins", "block", list[str], (), "Never load these plugins, each as `kind:name`."),
    Key("plugins", "strict", bool, default=False, help="A broken plugin is an error as soon as a client is made."),
)
"""Every scalar setting. `[accounts.NAME]`, `[routes.NAME]` and `[providers.NAME]` stand beside them."""

BY_PATH = {key.path: key for key in KEYS}
SECTIONS = tuple(dict.fromkeys(key.section for key in KEYS))
TABLES = ("accounts", "routes", "providers")
PROVIDER_KEYS = {
    "plan": "The plan of the provider's default account.",
    "base_url": "Another address for the provider.",
    "limits": 'Limits instead of the catalog\'s, such as `{ unit = "requests", amount = 5, window_s = 60 }`.',
}
BUDGETS = "budgets"
"""The list of tables `[[budgets]]`, each with the fields of `Budget`."""
ACCOUNT_KEYS = {
    "provider": "The account's provider; the table's own name where it is left out.",
    "credential": "Where its key is: `env:NAME`, `keyring:NAME`, `keyfile:NAME`, `file:PATH` or `profile:NAME`.",
    "plan": "Its plan with the provider: what its limits follow from.",
    "region": "Its region, for providers that have them.",
    "organization": "Its organization, for providers that bill by it.",
    "project": "Its project, for providers that have them.",
    "params": "A table of what the provider's connection declares beside these: `api_version`, `account_id`, ...",
    "base_urls": "A table of other addresses by name: `default`, and those that the provider has beside it.",
}
ROUTE_KEYS = {
    "strategy": "The strategy plugin that puts the models in order; `first` where it is left out.",
    "models": "A list of `provider/model`.",
    "requires": "A list of capabilities that a model must have.",
}
OTHER_VARIABLES = {
    "MODELSCAN_CONFIG": "The configuration file, instead of those that are looked for.",
    "MODELSCAN_HOME": "One folder for configuration and data, instead of the platform's own.",
    PASSPHRASE_VARIABLE: "Opens the encrypted key file.",
}

Origin = Literal["default", "file", "environment", "argument"]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All settings of one client, checked. `origins` says where each value came from."""

    values: dict[str, Any]
    accounts: tuple[Account, ...] = ()
    routes: dict[str, Route] = {}
    base_urls: dict[str, str] = {}
    limits: dict[str, tuple[Limit, ...]] = {}
    budgets: tuple[Budget, ...] = ()
    origins: dict[str, Origin] = {}
    file: str = ""

    def __getitem__(self, path: str) -> Any:
        """The value of `section.name`."""
        return self.values[path]


def checked(key: Key, value: Any, where: str) -> Any:
    """The value in the key's type. Text is converted, as it comes from the environment.

    Raises `ConfigurationError` for a value of another type.
    """
    try:
        return _converted(key.type, value)
    except (ValueError, TypeError):
        raise ConfigurationError(
            f"{key.path} in {where} is {value!r}; it takes {_type_name(key.type)}", advice=key.help
        ) from None


def _converted(type_: Any, value: Any) -> Any:
    if get_origin(type_) is list:
        items = [item.strip() for item in value.split(",") if item.strip()] if isinstance(value, str) else value
        if not all(isinstance(item, str) for item in items):
            raise TypeError
        return tuple(items)
    if type_ is bool:
        if isinstance(value, bool):
            return value
        return {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}[_lower(value)]
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise TypeError
    if type_ is str and not isinstance(value, str):
        raise TypeError
    if type_ is int and isinstance(value, float):
        raise TypeError
    converted = type_(value)
    if type_ is not str and converted < 0:
        raise ValueError
    return converted


def _lower(value: Any) -> str:
    if not isinstance(value, str) or value.lower() not in ("1", "true", "yes", "0", "false", "no"):
        raise ValueError
    return value.lower()


def _type_name(type_: Any) -> str:
    if get_origin(type_) is list:
        return f"a list of {get_args(type_)[0].__name__}"
    names = {bool: "true or false", int: "a whole number, 0 or more", float: "a number, 0 or more", str: "text"}
    return names[type_]
