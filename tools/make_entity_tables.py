"""Write csrc/core/text/entity_tables.cpp: the named characters of HTML, for recipe version 2.

::

    python tools/make_entity_tables.py          # writes the file
    python tools/make_entity_tables.py --check  # exits with 1 when the file differs

The names are those of the HTML standard that end in a semicolon, which hold those of HTML 4; the
standard promises never to change them. Controls become blanks. They are frozen with the recipe.
"""

from __future__ import annotations

import sys
import unicodedata
from html.entities import html5
from pathlib import Path

from cpp_rows import rows

TARGET = Path(__file__).resolve().parent.parent / "csrc" / "core" / "text" / "entity_tables.cpp"


def cell(name: str, text: str) -> str:
    codes = [0x20 if unicodedata.category(char) == "Cc" else ord(char) for char in text]
    assert len(codes) <= 2
    assert name.isascii()
    assert name.isalnum()
    first, second = [*codes, 0][:2]
    return f'{{"{name}",{first:#x},{second:#x}}}'


def windows_1252(byte: int) -> int:
    try:
        return ord(bytes([byte]).decode("cp1252"))
    except UnicodeDecodeError:
        return 0x20


def main() -> int:
    named = sorted((name[:-1], text) for name, text in html5.items() if name.endswith(";"))
    entities = [cell(name, text) for name, text in named]
    bytes_ = [f"{windows_1252(byte):#x}" for byte in range(0x80, 0xA0)]
    text = f"""// entity_tables.cpp: tools/make_entity_tables.py wrote it from the HTML standard.
// Do not edit: the tables are part of feature recipe 2 and frozen with it.
#include "core/text/entity_tables.h"

// clang-format off
namespace likewise::entities {{

const std::size_t kCount = {len(named)};
const std::size_t kLongestName = {max(len(name) for name, _ in named)};
constexpr Entity kEntities[{len(named)}] = {{
{rows(entities)}
}};
const char32_t kWindows1252[32] = {{
{rows(bytes_)}
}};

}}  // namespace likewise::entities
"""
    if "--check" in sys.argv[1:]:
        return 0 if TARGET.read_text(encoding="ascii") == text else 1
    TARGET.write_text(text, encoding="ascii")
    print(f"{TARGET.name}: {len(text)} characters, {len(named)} names")
    return 0


if __name__ == "__main__":
    sys.exit(main())
