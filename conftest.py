"""Runs the Python examples of the README and the documentation as tests, and brings what suites and cassettes need."""

from __future__ import annotations

import os
import tempfile

import pytest
from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser, SkipParser

pytest_plugins = ["modelscan.testing.pytest_plugin"]
pytest_collect_file = Sybil(
    parsers=[PythonCodeBlockParser(), SkipParser()],
    patterns=["README.md", "docs/tutorials/*.md", "docs/how-to/*.md", "docs/explanation/*.md"],
    excludes=["plugins/*/*/README.md", "core/README.md"],  # their examples need keys
).pytest()


def pytest_configure(config: pytest.Config) -> None:
    """Tests keep their ledgers and catalogs in a folder of their own, gone with the run."""
    home = tempfile.TemporaryDirectory(prefix="modelscan-tests-")
    os.environ["MODELSCAN_HOME"] = home.name
    config.add_cleanup(home.cleanup)
