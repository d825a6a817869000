"""Write tests/data/recipe_v1.json and recipe_v2.json: what the recipe makes of many texts.

Version 1 has texts in many scripts; version 2 the same, and texts with HTML and several paths.

The values come from the slow oracle (tests/oracles/text.py), not from the library, and are frozen
once released: a test that fails means that the recipe changed, and that stored models would break.
Run it with a Python whose Unicode version is that of the tables or older (3.10 to 3.13).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent / "tests"
sys.path.insert(0, str(TESTS))

from oracles import text as reference  # noqa: E402

PLAIN = {"min_n": 3, "max_n": 6, "word_ngrams": 1, "buckets": 1 << 21}
OTHERS = [
    {"min_n": 2, "max_n": 4, "word_ngrams": 3, "buckets": 1000},
    {"min_n": 0, "max_n": 0, "word_ngrams": 2, "buckets": 1},
    {"min_n": 1, "max_n": 1, "word_ngrams": 5, "buckets": 1 << 30},
]
ITEMS = [
    ("", ""),
    ("Toys > Dogs > Balls", "Red rubber ball for dogs"),
    (" >toys>>  DOGS toys > ", "!!! -- ..."),
    ("Electronics > Phones", "Apple iPhone 13 Pro Max 256GB (MLL93TU/A) - Graphite"),
    ("Baby/Children > Men's  Wear", "Women’s T-Shirt, 2x500ml, 0,5 L, 1½ in, 11-3/4\" 10'lu"),
    ("Épicerie > Huiles", "Huile d’olive L'ORÉAL rock'n'roll aujourd'hui"),
    ("Getränke > Säfte", "Straße GROẞ Süßmost 6 × 1,5 l ﬁn"),
    ("Kahvaltılık ve Süt > Yoğurt", "İÇİM KAYMAKLI ISITICI Yoğurt 1 kg, Delızıa 2X90 gr"),
    ("Τρόφιμα > Καφές", "ΕΛΛΗΝΙΚΟΣ ΚΑΦΕΣ ελληνικός καφές ΐ Ϊ́"),
    ("Одежда > Обувь", "Кроссовки мужские ЁЛКА м'ята № 5"),
    ("חטיפים", "שׁוקולד ג'ינס צה״ל 100 גרם"),
    ("ملابس > أحذية", "مي كي أحمد خَاتَم كــتاب ٥٠٠٫٥ ۵۰ می‌خواهم"),
    ("खाना > चाय", "हिन्दी चाय क़ ५०० ग्राम"),
    ("உணவு", "தமிழ் கொழும்பு"),
    ("อาหาร > กาแฟ", "กาแฟ สบู่เหลว ชา น้ำ ๕๐"),
    ("អាហារ", "កាហ្វេ ຂ້າວ ကော်ဖီ"),
    ("手机 ＞ 配件", "苹果iPhone手机壳 绿茶 々 100％"),
    ("食品 > お茶", "ｶﾞﾑ コーヒー らーめん3個 抹茶ラテ ㌔ ㈱"),
    ("식품 > 커피", "한국어 커피 ᄒ\u1161\u11ab 500ml"),
    ("Thực phẩm", "Cà phê sữa đá e\u0323\u0302 ệ"),
    ("Gifts", "👩‍💻 👍🏽 ❤️ 🇩🇪🇫🇷🇮 1️⃣ ★ ™® Nike™Air soft\u00adware zero\u200bwidth"),
    ("Symbols", "① ² Ⅲ ℃ µ Å ſ ŉ ǰ ᾳ ῞ \u0301 \ufdfa 𝐁𝐨𝐥𝐝 ｆｕｌｌ"),
    (" > ".join(f"l{i}" for i in range(20)), "x" * 61 + " " + "y" * 62 + " " + "é" * 100),
]
MARKUP = [
    ("Home &gt; Lamps", "Men&#39;s socks &amp; shorts, Cr&egrave;me br&ucirc;l&eacute;e 5&nbsp;kg"),
    ("<b>Home</b> &amp;gt; Lamps", "&lt;b&gt;Lamp&lt;/b&gt; &amp;eacute; &amp;amp;amp; 24&quot;"),
    ("Toys > Dogs\nSale > Toys\r\n\nToys > Dogs > Balls", "m<sup>2</sup><br/>H<sub>2</sub>O"),
    ("A < B > C", "R&D black&white a < b <3 x<5 <iPhone 13> <table lamp> <!-- no -->yes"),
    ("Giyim &#304;&ccedil; &amp; &Scedil;al", "Kad&#305;n&#146;s &#x131;&#XE7; &nosuch; &amp &#0;"),
    (
        "<ul><li>A</li><li>B</li></ul>",
        "<span class='x'>one</span><p>two</p>&NewLine;&zwnj;th&shy;ree",
    ),
]
BYTES = ["726564ff62616c6c", "726564c3", "edA080786364", "f09f988061", "c0af61e28262"]


def vectors(version: int, texts: list[tuple[str, str]], spoiled: list[str]) -> str:
    items = []
    for category, name in texts:
        for recipe in [PLAIN, *OTHERS] if len(items) < 24 else [PLAIN]:
            tokens = reference.tokens_of(category, name, recipe["word_ngrams"], version)
            rows = [
                [
                    reference.row_of(hash_value, recipe["buckets"])
                    for _, hash_value in reference.character_ngrams(
                        text, recipe["min_n"], recipe["max_n"]
                    )
                ]
                if kind in (1, 3)
                else []
                for kind, text, _ in tokens
            ]
            items.append(
                {
                    "category": category,
                    "name": name,
                    "recipe": recipe,
                    "tokens": [[kind, text, f"{value:016x}"] for kind, text, value in tokens],
                    "rows": rows,
                }
            )
    read = []
    for text in spoiled:
        decoded = bytes.fromhex(text).decode(errors="replace")
        tokens = reference.tokens_of("", decoded, version=version)
        listed = [[kind, word, f"{value:016x}"] for kind, word, value in tokens]
        read.append({"hex": text, "tokens": listed})
    frozen = {"version": version, "unicode": "15.1.0"}
    lines = [json.dumps(frozen)[:-1] + ', "items": [']
    lines.append(",\n".join(json.dumps(item, ensure_ascii=False) for item in items))
    lines.append('], "bytes": [')
    lines.append(",\n".join(json.dumps(case, ensure_ascii=False) for case in read))
    lines.append("]}")
    return "\n".join(lines) + "\n"


def main() -> None:
    data = TESTS / "data"
    (data / "recipe_v1.json").write_text(vectors(1, ITEMS, BYTES), encoding="utf-8")
    texts = MARKUP + ITEMS
    (data / "recipe_v2.json").write_text(vectors(2, texts, BYTES), encoding="utf-8")


if __name__ == "__main__":
    main()
