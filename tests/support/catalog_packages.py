"""Installed packages that bring a `catalog.yaml`: folders on a path, whose module must never be imported."""

from __future__ import annotations

import importlib
from pathlib import Path
from textwrap import dedent

from modelscan.plugins.discovery import installed

ACME = dedent("""\
    format: 1
    provider: acme
    name: Acme
    sources:
      - {id: web, url: "https://acme.example/limits", verified: 2026-11-20}
      - {id: map, url: "https://map.example", verified: 2026-11, trust: secondary}
    quirks:
      - {about: A refused call counts., source: web}
    units:
      - {name: sparks, about: What a picture costs.}
    plans:
      - id: free
        name: Free
        about: For trying it out.
        is_default: true
        is_free: true
        monthly: 0
        source: web
        limits:
          - {kind: rate, unit: requests, amount: 30, window_s: 60, scope: [organization, project], source: web}
          - {kind: rate, unit: requests, amount: 5, window_s: 60, scope: [organization, project], models: ["big-*"]}
          - {kind: gauge, unit: concurrent, amount: 4, models: [big-1, big-2], is_shared: true, burst: 2, region: eu}
      - id: team
        monthly: 19.90
        currency: EUR
        regions: [eu]
        limits:
          - kind: calendar
            unit: USD
            amount: 1.50
            period: day
            zone: America/Los_Angeles
            anchor: "08:00"
            endpoints: [/v1/chat]
            counts: {input_tokens: 1, cached_tokens: -0.9}
            admission: asked
            more: {tier: 2, share: 0.5}
            note: Asked for by mail.
            source: map
          - {kind: rate, unit: tokens, window_s: 60}
    models:
      - id: big-1
        name: Big One
        family: big
        aliases: [big, big-latest]
        status: preview
        capabilities: [chat]
        features: [tools, json_schema, reasoning]
        input: [text, image]
        output: [text]
        context_tokens: 400000
        usable_context_tokens: 380000
        max_input_tokens: 380000
        max_output_tokens: 20000
        cache_min_tokens: 1024
        dimensions: 8
        released: 2026-01-02
        retires: 2027-06
        knowledge: "2025"
        regions: [eu, us]
        endpoints: [/v1/chat]
        source: web
        more: {score: 0.30, parts: {a: [1, 2]}}
        prices:
          - {per: 1000000, units: {input_tokens: 0.30, cached_tokens: 0.03, output_tokens: 1.20}, source: web}
          - {units: {input_tokens: 0.60, audio_input_tokens: 2}, above: {input_tokens: 200000}, source: map}
          - {per: 1000000, units: {input_tokens: 0.15}, tier: batch, region: eu, note: Half the price.}
          - units: {sparks: 2, requests: 0.000000075}
            currency: EUR
            since: 2026-02-01
            until: 2999-01
            hours: [{start: "16:30", end: "00:30", zone: Asia/Shanghai, days: [sat, sun]}]
            least: {sparks: 10}
            step: {sparks: 0.5}
            when: {resolution: 1080p}
        factors:
          - {factor: 1.1, region: eu, source: web}
        free:
          - {unit: searches, amount: 1500, period: day, group: big, overage: 0.035, plan: free}
          - {unit: searches, amount: 9000, period: month, plan: team}
      - id: big-2-20250807
        capabilities: [chat]
      - id: big-2-20260101
        capabilities: [chat]
        prices: [{units: {requests: 1}}]
      - {id: tiny, capabilities: [embed]}
    """)


class Packages:
    """Packages in a folder that is on the path."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, provider: str, text: str | None, *, version: str = "1.0") -> Path:
        """Install a provider's package, or another version of it; where its catalog is (it has none: None)."""
        home = self.folder / f"modelscan_provider_{provider}"
        home.mkdir(exist_ok=True)
        (home / "__init__.py").write_text("raise RuntimeError('nobody imports this')\n", encoding="utf-8")
        for old in self.folder.glob(f"modelscan_provider_{provider}-*.dist-info/*"):
            old.unlink()
            if not any(old.parent.iterdir()):
                old.parent.rmdir()
        info = self.folder / f"modelscan_provider_{provider}-{version}.dist-info"
        info.mkdir(exist_ok=True)
        told = f"Metadata-Version: 2.1\nName: modelscan-provider-{provider}\nVersion: {version}\n"
        (info / "METADATA").write_text(told, encoding="utf-8")
        points = f"[modelscan.providers]\n{provider} = modelscan_provider_{provider}:plugin\n"
        (info / "entry_points.txt").write_text(points, encoding="utf-8")
        path = home / "catalog.yaml"
        path.unlink(missing_ok=True)
        if text is not None:
            path.write_text(text, encoding="utf-8")
        importlib.invalidate_caches()
        installed(fresh=True)
        return path
