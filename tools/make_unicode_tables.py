"""Write csrc/core/text/unicode_tables.cpp: what recipe version 1 knows about every code point.

Run it with the Python whose Unicode version is the one frozen below (3.13 has 15.1)::

    python tools/make_unicode_tables.py          # writes the file
    python tools/make_unicode_tables.py --check  # exits with 1 when the file differs

For each code point: how it folds (NFKD, case folding and a few merges, then NFKC), whether it may
join what stands before it, and its class for word splitting. The definitions are spelled out in
csrc/core/text/words.h. They are frozen: a released recipe never changes, a new one gets a new
version.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from pathlib import Path

from cpp_rows import rows

UNICODE_VERSION = "15.1.0"
TARGET = Path(__file__).resolve().parent.parent / "csrc" / "core" / "text" / "unicode_tables.cpp"

CLASSES = ["unassigned", "separator", "letter", "latin", "digit", "mark", "han", "hiragana",
           "katakana", "unspaced", "emoji", "flag"]  # fmt: skip

BLOCK = 64
LIMIT = 0x32400  # the table runs to here, then over the tags and selectors of plane 14
TAGS = range(0xE0000, 0xE0200)
IDENTITY = 31  # length value that means "folds to itself"

# Trade mark, service mark, registered, copyright, bad byte, zero-width space.
BLANKS = {0x2122, 0x2120, 0x00AE, 0x00A9, 0xFFFD, 0x200B}
APOSTROPHES = {0x60, 0xB4, 0x2018, 0x2019, 0x201B, 0x02BC, 0xFF07, 0x055A, 0x05F3, 0x05F4,
               0x1FFD}  # fmt: skip
REMOVED = {
    0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0, 0x0640,  # fillers, joiners, tatweel
    *range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0),  # variation selectors
    *range(0x1F3FB, 0x1F400),  # skin tones
    *range(0x0591, 0x05BE), 0x05BF, 0x05C1, 0x05C2, 0x05C4, 0x05C5, 0x05C7,  # Hebrew points
    *range(0x064B, 0x0660), 0x0670, *range(0x06D6, 0x06DD), *range(0x06DF, 0x06E5),
    0x06E7, 0x06E8, *range(0x06EA, 0x06EE),  # Arabic vowel signs and hamza above and below
}  # fmt: skip
MERGED = {0x0131: "i", 0x064A: "\u06cc", 0x0649: "\u06cc", 0x0643: "\u06a9", 0x066B: ".", 0xD7: "x",
          **dict.fromkeys(APOSTROPHES, "'")}  # fmt: skip
EMOJI = [(0x231A, 0x231B), (0x23E9, 0x23F3), (0x2600, 0x27BF), (0x2B50, 0x2B50), (0x2B55, 0x2B55),
         (0x1F000, 0x1FAFF)]  # fmt: skip
UNSPACED = [(0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x1950, 0x19DF),
            (0x1A20, 0x1AAF), (0xA9E0, 0xA9FF), (0xAA60, 0xAADF)]  # fmt: skip
HAN = [(0x3005, 0x3007), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x323AF)]
LATIN = [(0x61, 0x7A), (0xC0, 0x2AF), (0x1E00, 0x1EFF)]


def within(code: int, ranges: list[tuple[int, int]]) -> bool:
    return any(first <= code <= last for first, last in ranges)


def removed(code: int) -> bool:
    return code in REMOVED or unicodedata.category(chr(code)) in ("Cf", "Me")


def nfkd(text: str) -> str:
    return unicodedata.normalize("NFKD", text)


def after_marks(text: str) -> str:
    """Drop the dot above an i and the tonos of a Greek letter (text is decomposed)."""
    return re.sub("([\u0370-\u03ff]\u0308?)\u0301+", r"\1", re.sub("i\u0307+", "i", text))


def fold(code: int) -> str:
    """Return what one code point becomes, in NFKC."""
    char = chr(code)
    category = unicodedata.category(char)
    if code in BLANKS or category in ("Zs", "Zl", "Zp", "Cc", "Cn", "Co", "Cs"):
        return " "
    if removed(code):
        return ""
    if code in APOSTROPHES:
        return "'"
    pieces = []
    for part in nfkd(nfkd(char).casefold()):
        if removed(ord(part)):
            continue
        if unicodedata.category(part) == "Nd":
            pieces.append(str(unicodedata.decimal(part)))
        else:
            pieces.append(MERGED.get(ord(part), part))
    folded = unicodedata.normalize("NFKC", after_marks(nfkd("".join(pieces))))
    fraction = unicodedata.decomposition(char).startswith("<fraction>")
    return " " + folded if fraction else folded


def class_of(code: int) -> str:
    char = chr(code)
    category = unicodedata.category(char)
    if category in ("Cn", "Co", "Cs"):
        return "unassigned"
    if 0x1F1E6 <= code <= 0x1F1FF:
        return "flag"
    if category == "So" and within(code, EMOJI):
        return "emoji"
    if category[0] == "M" or code == 0x30FC:  # the prolonged sound mark goes on with either kana
        return "mark"
    if category[0] not in "LN":
        return "separator"
    if 0x30 <= code <= 0x39:
        return "digit"
    if within(code, HAN):
        return "han"
    if category[0] == "L":
        if within(code, LATIN):
            return "latin"
        if 0x3041 <= code <= 0x309F:
            return "hiragana"
        if 0x30A1 <= code <= 0x30FF or 0x31F0 <= code <= 0x31FF:
            return "katakana"
        if within(code, UNSPACED):
            return "unspaced"
    return "letter"


def composites() -> list[tuple[int, int, int]]:
    """Return (first, second, composed) of every primary composite; Hangul is arithmetic."""
    found = []
    for code in range(0x110000):
        parts = unicodedata.decomposition(chr(code)).split()
        if len(parts) == 2 and not parts[0].startswith("<"):
            first, second = (int(part, 16) for part in parts)
            if unicodedata.normalize("NFC", chr(first) + chr(second)) == chr(code):
                found.append((first, second, code))
    return sorted(found)


def combining_ranges() -> list[tuple[int, int, int]]:
    """Return (first, last, combining class) where the class is not 0."""
    ranges: list[list[int]] = []
    for code in range(0x110000):
        value = unicodedata.combining(chr(code))
        if value == 0:
            continue
        if ranges and ranges[-1][1] == code - 1 and ranges[-1][2] == value:
            ranges[-1][1] = code
        else:
            ranges.append([code, code, value])
    return [(a, b, c) for a, b, c in ranges]


def main() -> int:
    if unicodedata.unidata_version != UNICODE_VERSION:
        print(f"needs Unicode {UNICODE_VERSION}, got {unicodedata.unidata_version}")
        return 2
    pairs = composites()
    seconds = {second for _, second, _ in pairs}
    seconds |= {*range(0x1161, 0x1176), *range(0x11A8, 0x11C3)}

    pool, starts = "", {}
    entries = []
    for code in [*range(LIMIT), *TAGS]:
        folded = fold(code)
        joins = folded and (unicodedata.combining(folded[0]) or ord(folded[0]) in seconds)
        start, length = 0, IDENTITY
        if folded != chr(code):
            length = len(folded)
            if folded not in starts:
                at = pool.find(folded)
                if at < 0:
                    at, pool = len(pool), pool + folded
                starts[folded] = at
            start = starts[folded]
        assert length <= IDENTITY
        assert start < 1 << 16
        value = CLASSES.index(class_of(code)) | bool(joins) << 4 | length << 5 | start << 10
        entries.append(value)
    for code in range(LIMIT, 0x110000):  # what the table leaves out is blank
        assert code in TAGS or (fold(code) == " " and class_of(code) == "unassigned")

    blocks: dict[tuple[int, ...], int] = {}
    index = []
    for at in range(0, len(entries), BLOCK):
        index.append(blocks.setdefault(tuple(entries[at : at + BLOCK]), len(blocks)))
    values = sorted(set(entries))
    numbers = {value: number for number, value in enumerate(values)}
    flat = [numbers[value] for block in blocks for value in block]
    assert max(len(values), len(blocks)) < 1 << 16
    by_composed = sorted(range(len(pairs)), key=lambda at: pairs[at][2])
    marks = combining_ranges()

    def array(kind: str, name: str, cells: list[str]) -> str:
        return f"const {kind} {name}[{len(cells)}] = {{\n{rows(cells)}\n}};\n"

    version = UNICODE_VERSION
    text = f"""// unicode_tables.cpp: tools/make_unicode_tables.py wrote it from Unicode {version}.
// Do not edit: the tables are part of feature recipe 1 and frozen with it.
#include "core/text/unicode_tables.h"

// clang-format off
namespace likewise::unicode {{

const char* const kVersion = "{version}";
"""
    text += array("std::uint16_t", "kIndex", [str(v) for v in index])
    text += array("std::uint16_t", "kBlocks", [str(v) for v in flat])
    text += array("std::uint32_t", "kEntries", [f"{v:#x}" for v in values])
    text += array("char32_t", "kPool", [f"{ord(c):#x}" for c in pool])
    text += array("Composite", "kComposites", [f"{{{a:#x},{b:#x},{c:#x}}}" for a, b, c in pairs])
    text += array("std::uint16_t", "kByComposed", [str(v) for v in by_composed])
    text += array("Combining", "kCombining", [f"{{{a:#x},{b:#x},{c}}}" for a, b, c in marks])
    text += f"const std::size_t kCompositeCount = {len(pairs)};\n"
    text += f"const std::size_t kCombiningCount = {len(marks)};\n"
    text += "\n}  // namespace likewise::unicode\n"

    if "--check" in sys.argv[1:]:
        return 0 if TARGET.read_text(encoding="ascii") == text else 1
    TARGET.write_text(text, encoding="ascii")
    print(f"{TARGET.name}: {len(text)} characters, {len(blocks)} blocks, {len(pool)} in the pool")
    return 0


if __name__ == "__main__":
    sys.exit(main())
