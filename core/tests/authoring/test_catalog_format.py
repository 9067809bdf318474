"""The format of `catalog.yaml`: what is wrong is told with its line and column."""

from __future__ import annotations

from decimal import Decimal
from textwrap import dedent

import pytest
from jsonschema import Draft202012Validator

from modelscan.catalog.format import Catalog
from modelscan.catalog.reading import problems, read, schema
from modelscan.errors import ConfigurationError

WHOLE = dedent("""\
    format: 1
    provider: acme
    sources:
      - {id: limits, url: "https://acme.example/limits", verified: 2026-11-24}
    units:
      - {name: sparks, about: What a picture costs.}
    plans:
      - id: free
        is_default: true
        limits:
          - {kind: rate, unit: requests, amount: 30, window_s: 60, scope: [organization], source: limits}
          - {kind: gauge, unit: concurrent, amount: 4, models: [big-*], is_shared: true}
          - kind: calendar
            unit: USD
            amount: 1.50
            period: month
            zone: America/Los_Angeles
            anchor: subscription
    models:
      - id: big-1
        capabilities: [chat]
        prices:
          - {per: 1_000_000, units: {input_tokens: 0.30, output_tokens: 1.2}, since: 2026-01-01}
          - {per: 1000000, units: {input_tokens: 0.15}, tier: batch, region: eu, above: {input_tokens: 200000}}
          - {units: {sparks: 2}, hours: [{start: "16:30", end: "00:30", days: [sat, sun]}]}
        factors:
          - {factor: 1.1, region: eu, source: limits}
        free:
          - {unit: searches, amount: 1500, period: day, group: big}
    quirks:
      - {about: A refused call counts., source: limits}
    """)


def faults(text: str) -> list[str]:
    return [str(problem) for problem in problems(text, Catalog)]


def test_a_whole_file_is_read() -> None:
    catalog = read(WHOLE, Catalog, name="catalog.yaml")
    assert faults(WHOLE) == []
    assert [limit.kind for limit in catalog.plans[0].limits] == ["rate", "gauge", "calendar"]
    assert catalog.plans[0].limits[2].amount == Decimal("1.50")
    assert catalog.models[0].prices[0].units == {"input_tokens": Decimal("0.30"), "output_tokens": Decimal("1.2")}
    assert catalog.models[0].prices[0].per == 1_000_000


@pytest.mark.parametrize(
    ("good", "bad", "told"),
    [
        ("kind: rate", "kind: rat", "11:16: 'rat' is not one of"),
        ("is_default: true", "is_defalt: true", "9:16: 'is_defalt' isn't known here: did you mean 'is_default'?"),
        ("amount: 30, window_s: 60", "amount: 30", "11:9: a `rate` has a `window_s`, and nothing else has"),
        ("period: month", "note: soon", "13:9: a `calendar` limit has a `period`, and nothing else has"),
        ("window_s: 60", "window_s: 0", "11:9: a window isn't empty"),
        ("amount: 30", "amount: -3", "11:46: -3 is less than the minimum of 0"),
        ("source: limits", "source: limts", "11:95: there is no source 'limts' in `sources`"),
        ("unit: requests", "unit: requsts", "11:28: 'requsts' is neither a unit of usage nor declared in `units`"),
        ("zone: America/Los_Angeles", "zone: Pacific", "17:15: 'Pacific' is no time zone"),
        ("{sparks: 2}", "{sparks: -2}", "25:26: -2 is less than the minimum of 0"),
        ("region: eu", "regio: eu", "24:73: 'regio' isn't known here: did you mean 'region'?"),
        ("region: eu", "xyz: eu", "24:71: 'xyz' isn't known here; known are units, per,"),
        ("factor: 1.1, region: eu", "factor: 1.1", "27:9: a factor says where it holds"),
        ("unit: searches", "unit: xearches", "29:16: 'xearches' is neither a unit of usage nor declared"),
        ("counts., source: limits", "counts., source: nowhere", "31:45: there is no source 'nowhere' in `sources`"),
        ("sources:", "sources: []\nagain:", "5:3: 'again' isn't known here"),
        ("format: 1", "format: 2", "1:9: 2 is not one of [1]"),
        ("provider: acme", "provider: acme\nprovider: b", "3:1: the key 'provider' is there twice"),
        ("id: free", "id: [free", "9:"),
        ("id: big-1", "id: big-1\n    aliases: [big-1]", "20:3: 'big-1' is there twice"),
    ],
)
def test_a_fault_is_told_with_its_line_and_column(good: str, bad: str, told: str) -> None:
    text = WHOLE.replace(good, bad, 1)
    assert text != WHOLE
    assert faults(text)[0].startswith(told)
    with pytest.raises(ConfigurationError, match=r"acme/catalog\.yaml:\d+:\d+: "):
        read(text, Catalog, name="acme/catalog.yaml")


def test_every_fault_is_told_at_once_in_the_order_of_the_file() -> None:
    text = WHOLE.replace("period: month", "period: moon").replace("format: 1", "format: x")
    assert [fault.partition(":")[0] for fault in faults(text)] == ["1", "16"]


def test_a_name_is_there_once() -> None:
    text = WHOLE.replace("units:\n", "  - {id: limits, verified: '2025'}\nunits:\n", 1)
    assert faults(text) == ["5:5: 'limits' is there twice"]


@pytest.mark.parametrize("part", ["amount: -1.5", "amount: '-1'"])
def test_without_the_schema_an_amount_below_zero_is_refused_too(part: str) -> None:
    with pytest.raises(ConfigurationError, match=r"13:9: an amount is zero or more"):
        read(WHOLE.replace("amount: 1.50", part), Catalog, name="catalog.yaml")


def test_two_plans_cant_both_be_the_default() -> None:
    text = WHOLE.replace("models:\n", "  - {id: paid, is_default: true}\nmodels:\n", 1)
    assert faults(text) == ["19:28: another plan is the default already"]


@pytest.mark.parametrize("text", ["", "a list", "- 1", "? [a]\n: 1", "\x01", "format: &a [*a]"])
def test_what_is_no_catalog_at_all_is_refused(text: str) -> None:
    assert faults(text)
    with pytest.raises(ConfigurationError):
        read(text, Catalog, name="catalog.yaml")


def test_without_libyaml_the_same_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    import yaml

    monkeypatch.setattr("modelscan.catalog.marked._LOADER", yaml.SafeLoader)
    assert read(WHOLE, Catalog, name="catalog.yaml").provider == "acme"


def test_the_schema_is_one_and_takes_exact_numbers_as_numbers_or_text() -> None:
    Draft202012Validator.check_schema(schema(Catalog))
    assert faults(WHOLE.replace("amount: 1.50", 'amount: "1.50"')) == []
    assert faults(WHOLE.replace("amount: 1.50", 'amount: "some"'))
