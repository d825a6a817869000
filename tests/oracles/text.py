"""The feature recipe once more, slowly, from unicodedata and plain Python: the tests' oracle.

Written from csrc/core/text/words.h and item_text.h, not from the C++ code or the table generator;
the HTML that version 2 begins with is read in markup.py. Valid for code points that both this
Python's Unicode version and the one of the frozen tables know.
"""

from __future__ import annotations

import re
import unicodedata

from oracles import markup

MASK = (1 << 64) - 1
PRIMES = (
    0x9E3779B185EBCA87,
    0xC2B2AE3D27D4EB4F,
    0x165667B19E3779F9,
    0x85EBCA77C2B2AE63,
    0x27D4EB2F165667C5,
)
BLANK = set("™℠®©\ufffd\u200b")
APOSTROPHES = set("`´\u1ffd‘’‛ʼ＇՚׳״")
VANISHING = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0\u0640\u180b-\u180f\ufe00-\ufe0f"
    "\U000e0100-\U000e01ef\U0001f3fb-\U0001f3ff"
    "\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"
    "\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed]"
)
MERGED = str.maketrans(
    {"ı": "i", "\u064a": "\u06cc", "\u0649": "\u06cc", "\u0643": "\u06a9", "×": "x"}
)
MERGED.update({ord(char): "'" for char in APOSTROPHES})


def vanishes(char: str) -> bool:
    return bool(VANISHING.match(char)) or unicodedata.category(char) in ("Cf", "Me")


def nfkd(text: str) -> str:
    return unicodedata.normalize("NFKD", text)


def without_optional_marks(text: str) -> str:
    text = re.sub("i\u0307+", "i", text)
    return re.sub("([\u0370-\u03ff]\u0308?)\u0301+", r"\1", text)


def folded(char: str) -> str:
    """What one code point becomes, decomposed."""
    category = unicodedata.category(char)
    if char in BLANK or category[0] == "Z" or category in ("Cc", "Cn", "Co", "Cs"):
        return " "
    if vanishes(char):
        return ""
    if char in APOSTROPHES:
        return "'"
    text = nfkd(nfkd(char).casefold())
    text = "".join(c for c in text if not vanishes(c)).translate(MERGED).replace("\u066b", ".")
    text = "".join(
        str(unicodedata.decimal(c)) if unicodedata.category(c) == "Nd" else c for c in text
    )
    text = without_optional_marks(nfkd(text))
    return " " + text if unicodedata.decomposition(char).startswith("<fraction>") else text


def normalised(text: str) -> str:
    joined = nfkd("".join(folded(char) for char in text))
    return unicodedata.normalize("NFC", without_optional_marks(joined))


def between(char: str, *ranges: str) -> bool:
    return any(first <= char <= last for first, last in (r.split("-") for r in ranges))


def kind_of(char: str) -> str:
    category = unicodedata.category(char)
    if category in ("Cn", "Co", "Cs"):
        return "unassigned"
    if between(char, "🇦-🇿"):
        return "flag"
    if category == "So" and (
        between(char, "⌚-⌛", "⏩-⏳", "\u2600-\u27bf", "\U0001f000-\U0001faff") or char in "⭐⭕"
    ):
        return "emoji"
    if category[0] == "M" or char == "ー":
        return "mark"
    if category[0] not in "LN":
        return "separator"
    if char in "0123456789":
        return "digit"
    if between(char, "々-〇", "㐀-\u4dbf", "一-\u9fff", "\uf900-\ufaff", "\U00020000-\U000323af"):
        return "han"
    if category[0] == "L":
        if between(char, "a-z", "\u00c0-\u02af", "\u1e00-\u1eff"):
            return "latin"
        if between(char, "\u3041-\u309f"):
            return "hiragana"
        if between(char, "\u30a1-\u30ff", "\u31f0-\u31ff"):
            return "katakana"
        if between(
            char,
            "\u0e00-\u0eff",
            "\u1000-\u109f",
            "\u1780-\u17ff",
            "\u1950-\u19df",
            "\u1a20-\u1aaf",
            "\ua9e0-\ua9ff",
            "\uaa60-\uaadf",
        ):
            return "unspaced"
    return "letter"


# One letter for each kind, so that words are a matter of regular expressions over the kinds.
LETTER_OF = {
    "letter": "L", "latin": "A", "digit": "D", "mark": "M", "han": "H", "hiragana": "h",
    "katakana": "k", "unspaced": "U", "emoji": "E", "flag": "F", "separator": "-",
    "unassigned": "-",
}  # fmt: skip
WORD = re.compile(
    "(?P<spaced>[LAD][LADM]*(?:[ajp][LAD][LADM]*)*)|(?P<kana>h[hM]*|k[kM]*)|(?P<han>(?:HM*)+)"
    "|(?P<unspaced>(?:UM*)+)|(?P<single>E|FF?)"
)


def joiners(text: str, kinds: str) -> str:
    """Mark what joins inside words: a = apostrophe that is dropped, p = decimal point."""
    marked = list(kinds)
    for i, char in enumerate(text):
        before = kinds[i - 1] if i else "-"
        after, far = kinds[i + 1 : i + 2], kinds[i + 2 : i + 3]
        if char == "'" and before in "LADM" and after and after in "LAD":
            separates = before == after == "A" and far != "" and far in "LADM"
            marked[i] = "-" if separates else "a"
        elif char in ".," and before == "D" and after == "D":
            marked[i] = "p"
    return "".join(marked)


def words(text: str) -> list[tuple[str, bool]]:
    """Return (word, whether it stands between blanks) in order, repeats included."""
    text = normalised(text)
    kinds = joiners(text, "".join(LETTER_OF[kind_of(char)] for char in text))
    found = []
    for match in WORD.finditer(kinds):
        start, end = match.span()
        letters = [m.span() for m in re.finditer("[HU]M*", kinds[start:end])]
        pieces = [text[start + a : start + b] for a, b in letters]
        if match.lastgroup == "spaced":
            word = "".join(
                "." if kind == "p" else char
                for char, kind in zip(text[start:end], kinds[start:end], strict=True)
                if kind != "a"
            )
            found.append((word, True))
        elif match.lastgroup == "han":
            for i, piece in enumerate(pieces):
                found.append((piece, False))
                if i + 1 < len(pieces):
                    found.append((piece + pieces[i + 1], False))
        elif match.lastgroup == "unspaced":
            for i in range(max(1, len(pieces) - 2)):
                found.append(("".join(pieces[i : i + 3]), False))
        else:
            found.append((text[start:end], True))
    return found


def levels(category: str) -> list[str]:
    cut = (re.sub(" +", " ", level).strip(" ") for level in normalised(category).split(">"))
    return [level for level in cut if level][:16]


def tokens_of(
    category: str, name: str, word_ngrams: int = 1, version: int = 2
) -> list[tuple[int, str, int]]:
    """Return (kind, text, hash) of every token of an item."""
    if version == 2:
        paths = [levels(line) for line in markup.plain(category).split("\n")]
        name_words = words(markup.plain(name))
    else:
        paths = [levels(category)]
        name_words = words(name)
    listed = [(0, 0, " > ".join(path[: i + 1])) for path in paths for i in range(len(path))]
    listed += [(1, 1, word) for word, _ in name_words]
    for i in range(len(name_words)):
        for n in range(2, word_ngrams + 1):
            run = name_words[i : i + n]
            if len(run) == n and all(spaced for _, spaced in run):
                listed.append((2, 2, " ".join(word for word, _ in run)))
    listed += [(3, 1, word) for path in paths for level in path for word, _ in words(level)]
    seen, tokens = set(), []
    for kind, space, text in listed:
        if (space, text) not in seen:
            seen.add((space, text))
            tokens.append((kind, text, hash64(text.encode(), space)))
    return tokens


def character_ngrams(word: str, min_n: int, max_n: int) -> list[tuple[str, int]]:
    """Return (text, hash) of every n-gram of a word."""
    marked = f"<{word}>"
    reach = marked[:64]
    spans = [
        reach[i : i + n]
        for i in range(len(reach))
        for n in range(max(min_n, 1), max_n + 1)
        if i + n <= len(reach) and n < len(marked) and reach[i : i + n] not in ("<", ">")
    ]
    return [(text, hash64(text.encode(), 3)) for text in dict.fromkeys(spans)]


def row_of(hash_value: int, buckets: int) -> int:
    return ((hash_value >> 32) * buckets) >> 32


def rotated(value: int, by: int) -> int:
    return ((value << by) | (value >> (64 - by))) & MASK


def lane(start: int, read: int) -> int:
    return rotated((start + read * PRIMES[1]) & MASK, 31) * PRIMES[0] & MASK


def hash64(data: bytes, seed: int) -> int:
    """XXH64, line by line from its specification."""
    p1, p2, p3, p4, p5 = PRIMES
    rest = data
    if len(data) >= 32:
        lanes = [(seed + p1 + p2) & MASK, (seed + p2) & MASK, seed & MASK, (seed - p1) & MASK]
        while len(rest) >= 32:
            for i in range(4):
                lanes[i] = lane(lanes[i], int.from_bytes(rest[8 * i : 8 * i + 8], "little"))
            rest = rest[32:]
        total = sum(rotated(lanes[i], by) for i, by in enumerate((1, 7, 12, 18))) & MASK
        for value in lanes:
            total = ((total ^ lane(0, value)) * p1 + p4) & MASK
    else:
        total = (seed + p5) & MASK
    total = (total + len(data)) & MASK
    while len(rest) >= 8:
        total ^= lane(0, int.from_bytes(rest[:8], "little"))
        total, rest = (rotated(total, 27) * p1 + p4) & MASK, rest[8:]
    if len(rest) >= 4:
        total ^= int.from_bytes(rest[:4], "little") * p1 & MASK
        total, rest = (rotated(total, 23) * p2 + p3) & MASK, rest[4:]
    for byte in rest:
        total = rotated(total ^ (byte * p5 & MASK), 11) * p1 & MASK
    total = (total ^ total >> 33) * p2 & MASK
    total = (total ^ total >> 29) * p3 & MASK
    return total ^ total >> 32
