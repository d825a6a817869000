"""Write the table of training options into README.md, from the docstring of ``Options``.

python tools/readme_options.py
"""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from likewise import Options
from likewise.commands.options import option_help

README = Path(__file__).resolve().parents[1] / "README.md"
PLACE = re.compile(r"(<!-- options:[^\n]*-->\n).*?(<!-- /options -->)", re.DOTALL)


def table() -> str:
    """Return the options as a Markdown table."""
    lines = ["| option | default | |", "| --- | --- | --- |"]
    texts = option_help()
    for field in fields(Options):
        default = f'"{field.default}"' if isinstance(field.default, str) else str(field.default)
        lines.append(f"| `{field.name}` | `{default}` | {texts[field.name]} |")
    return "\n".join(lines) + "\n"


def with_table(readme: str) -> str:
    """Return the text of the README with the table as it should be."""
    return PLACE.sub(lambda found: found[1] + table() + found[2], readme)


if __name__ == "__main__":
    README.write_text(with_table(README.read_text(encoding="utf-8")), encoding="utf-8")
