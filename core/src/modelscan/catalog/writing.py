"""Writing the format: YAML that a person would have written, with exact numbers."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec
import yaml

_WIDTH = 118


class _Dumper(yaml.SafeDumper):
    """Lists stand under their key, indented; nothing is abbreviated by an anchor."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, indentless=False)

    def ignore_aliases(self, data: object) -> bool:
        return True


def _decimal(dumper: yaml.SafeDumper, number: Decimal) -> yaml.ScalarNode:
    text = format(number, "f")
    return dumper.represent_scalar(f"tag:yaml.org,2002:{'float' if '.' in text else 'int'}", text)


_Dumper.add_representer(Decimal, _decimal)


def written(content: msgspec.Struct | Mapping[str, Any]) -> str:
    """A catalog, or what could be one, as YAML."""
    plain = msgspec.to_builtins(content, builtin_types=(Decimal,))
    text: str = yaml.dump(plain, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH)
    return text
