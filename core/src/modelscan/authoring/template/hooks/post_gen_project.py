"""After rendering: no empty folders, and in a workspace of ModelScan's the plugin is a member like any other."""

import re
from pathlib import Path

DISTRIBUTION = "{{ cookiecutter.__dist }}"
LAYOUT = "{{ cookiecutter.layout }}"


def main() -> None:
    """Called in the rendered folder."""
    here = Path.cwd()
    for folder in sorted(here.rglob("*"), reverse=True):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
    root = here.parents[2] / "pyproject.toml"
    if LAYOUT == "workspace" and root.is_file():
        text = root.read_text(encoding="utf-8")
        text = with_line(text, r"(?m)^plugins = \[\n((?:  .*\n)*)\]", f'  "{DISTRIBUTION}",\n')
        source = DISTRIBUTION + " = { workspace = true }\n"
        text = with_line(text, r"(?m)^\[tool\.uv\.sources\]\n((?:modelscan-.*\n)*)", source)
        root.write_text(text, encoding="utf-8")


def with_line(text: str, where: str, line: str) -> str:
    """The text with a line among those that `where` finds, in their order; as it is where it stands there already."""
    found = re.search(where, text)
    if found is None or re.search(rf'(?m)^[ "]*{re.escape(DISTRIBUTION)}["\[ ]', found[1]):  # perhaps with an extra
        return text
    lines = sorted([*found[1].splitlines(keepends=True), line], key=lambda one: re.split(r'["\[ ]+', one.strip('" '))[0])
    start, end = found.span(1)
    return text[:start] + "".join(lines) + text[end:]


if __name__ == "__main__":
    main()
