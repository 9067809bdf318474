"""What files there are, how long they are, and what must not stand in them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from workspace import MEMBERS, ROOT, Member, tracked

LONGEST = {"src": 400, "tests": 600}

# One letter of each stands in brackets, so that this file passes its own test.
LEAKS = {
    "the address of a package index": re.compile(r"py[p]i\.org|python[h]osted\.org|registry\.[n]pmjs"),
    "a folder of somebody's machine": re.compile(r"(?<![\w.$}~-])/(?:roo[t]|home/\w+|Users/\w+|wor[k])/"),
}
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("part", LONGEST)
@pytest.mark.parametrize("member", MEMBERS, ids=lambda member: member.name)
def test_a_module_is_one_idea(member: Member, part: str) -> None:
    modules = (member.folder / part).rglob("*.py")
    lengths = {path.name: len(path.read_text(encoding="utf-8").splitlines()) for path in modules}
    assert {name: length for name, length in lengths.items() if length > LONGEST[part]} == {}


@pytest.mark.parametrize("what", LEAKS)
def test_no_file_tells_where_it_was_written(what: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in tracked()
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1)
        if LEAKS[what].search(line)
    ]
    assert found == []


def test_every_link_between_files_leads_somewhere() -> None:
    pages = [path for path in tracked() if path.suffix == ".md" and "template" not in path.parts]
    broken = [
        f"{page.relative_to(ROOT)}: {link}"
        for page in pages
        for link in LINK.findall(without_code(page))
        if ":" not in link and not (page.parent / link).exists()
    ]
    assert broken == []


def without_code(page: Path) -> str:
    """A page's text, its code blocks left out."""
    return re.sub(r"(?s)```.*?```", "", page.read_text(encoding="utf-8"))
