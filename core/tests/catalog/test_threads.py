"""Any thread may ask a catalog."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from modelscan.catalog.catalog import Catalog
from modelscan.catalog.installed import package_of


def test_many_catalogs_that_are_first_asked_at_once_all_answer(tmp_path: Path) -> None:
    provider = next(name for name in ("openai", "embedded") if package_of(name) is not None)

    def ask(number: int) -> int:
        catalog = Catalog(tmp_path / f"catalog-{number}.db")
        try:
            return len(catalog.models(provider=provider))
        finally:
            catalog.close()

    with ThreadPoolExecutor(8) as threads:
        counts = set(threads.map(ask, range(8)))
    assert len(counts) == 1
    assert counts.pop() > 0
