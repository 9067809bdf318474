"""The pages on the formats name every key there is, and their examples are right."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from modelscan.authoring import definition
from modelscan.authoring.definition import CAPABILITIES, Definition
from modelscan.catalog import format as catalog
from modelscan.catalog.format import Catalog
from modelscan.catalog.reading import problems

REFERENCE = Path(__file__).parents[3] / "docs" / "reference"
PAGES = [("catalog-format.md", catalog, Catalog), ("definition-format.md", definition, Definition)]


@pytest.mark.parametrize(("page", "module", "kind"), PAGES)
def test_every_key_is_described(page: str, module: object, kind: type[Catalog]) -> None:
    text = (REFERENCE / page).read_text(encoding="utf-8")
    structs = [one for one in vars(module).values() if isinstance(one, type) and issubclass(one, msgspec.Struct)]
    own = [one for one in structs if one.__module__ == kind.__module__]
    inherited = set() if kind is Catalog else set(Catalog.__struct_fields__)
    keys = {key for struct in own for key in struct.__struct_fields__} - inherited
    assert [key for key in sorted(keys) if f"`{key}`" not in text] == []


@pytest.mark.parametrize(("page", "module", "kind"), PAGES)
def test_the_example_is_right(page: str, module: object, kind: type[Catalog]) -> None:
    (example,) = re.findall(r"(?ms)^```yaml\n(.*?)^```", (REFERENCE / page).read_text(encoding="utf-8"))
    assert problems(example, kind) == []


def test_what_a_family_can_do_is_listed() -> None:
    text = (REFERENCE / "definition-format.md").read_text(encoding="utf-8")
    for family, capabilities in CAPABILITIES.items():
        assert f"| `{family}` | {', '.join(f'`{one}`' for one in capabilities)} |" in text
