"""Distributions made of files in a folder: what `pip install` leaves behind, without installing anything."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

GOOD_PROVIDER = """
    from modelscan.contracts.provider import Connection, Provider
    from modelscan.hookspecs import hookimpl
    from modelscan.testing.scripted import plain_provider

    @hookimpl
    def modelscan_provider():
        return plain_provider("{name}")
"""


def install(
    folder: Path, name: str, source: str | None, *, kind: str = "provider", group: str = "", distribution: str = ""
) -> None:
    """Put a plugin on a path: its module (none where `source` is None) and its distribution's metadata."""
    module = f"modelscan_{kind}_{name}".replace("-", "_")
    distribution = distribution or f"modelscan-{kind}-{name}"
    if source is not None:
        (folder / f"{module}.py").write_text(dedent(source), encoding="utf-8")
    info = folder / f"{distribution.replace('-', '_')}-1.0.dist-info"
    info.mkdir(exist_ok=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n", encoding="utf-8")
    group = group or f"modelscan.{kind}s"
    (info / "entry_points.txt").write_text(f"[{group}]\n{name} = {module}\n", encoding="utf-8")
