"""What is known of a vendor, put into one file, becomes a plugin that loads: for all vendors of a known family."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from modelscan.authoring.answering import answers_from
from modelscan.authoring.linting import lint
from modelscan.authoring.rendering import render
from modelscan.catalog.writing import written
from reference_catalog import FAMILIES, definition_of, limits_of, models_of

REFERENCE = Path(__file__).parents[4] / "shared" / "reference"

pytestmark = pytest.mark.skipif(not REFERENCE.is_dir(), reason="the public tables lie beside the workspace, not in it")

TABLE = REFERENCE / "providers.json"
VENDORS = [
    vendor
    for vendor in (json.loads(TABLE.read_text(encoding="utf-8"))["providers"] if TABLE.exists() else ())
    if vendor["wire"] in FAMILIES
]


@pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor["id"])
def test_a_vendor_in_one_file_becomes_a_plugin_that_loads(vendor: dict[str, str], tmp_path: Path) -> None:
    name, identity = vendor["id"].replace("_", "-"), vendor["id"]
    rows = json.loads((REFERENCE / "limits.json").read_text(encoding="utf-8"))["limits"]
    catalog = dict(limits_of(identity, [row for row in rows if row["provider"] == identity]))
    table = REFERENCE / "models" / f"{identity}.json"
    if table.exists():
        models = models_of(identity, json.loads(table.read_text(encoding="utf-8")))
        units = {unit["name"]: unit for unit in (*catalog["units"], *models["units"])}
        sources = [*catalog["sources"], *models["sources"]]
        catalog |= {"models": models["models"], "units": list(units.values()), "sources": sources}
    file = tmp_path / f"{name}.yaml"
    file.write_text(written(definition_of(vendor, catalog)), encoding="utf-8")
    plugin = render(answers_from(file, name, {}), tmp_path)
    assert lint(plugin) == []
