"""Runs the Python examples of the README and the documentation as tests, and brings what suites and cassettes need."""

from __future__ import annotations

from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser, SkipParser

pytest_plugins = ["modelscan.testing.pytest_plugin"]
pytest_collect_file = Sybil(
    parsers=[PythonCodeBlockParser(), SkipParser()],
    patterns=["README.md", "docs/tutorials/*.md", "docs/how-to/*.md", "docs/explanation/*.md"],
    excludes=["plugins/*/*/README.md", "core/README.md"],  # their examples need keys
).pytest()
