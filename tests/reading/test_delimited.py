"""CSV and TSV: every dialect that files are in, read whole or refused in words."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from likewise.errors import InputError
from likewise.reading import delimited, encodings
from likewise.tables.catalogue import Catalogue
from likewise.tables.sessions import Sessions

HEADER = ("item_id", "first", "second")
FIELD = st.text(st.sampled_from("ab7 ,;|\t\"'\\\n#é"), max_size=6)
ROWS = st.lists(st.tuples(FIELD, FIELD), min_size=1, max_size=12)
quick = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def found(path, **options):
    """Both texts by item as they stand, with nothing and empty as one."""
    first, second = (
        Catalogue.read(path, name=name, **options).names.fill_null("").to_pylist()
        for name in HEADER[1:]
    )
    return list(zip(first, second, strict=True))


def numbered(rows):
    return [(f"i{number}", *row) for number, row in enumerate(rows)]


def written(rows, **dialect):
    text = io.StringIO(newline="")
    csv.writer(text, **{"lineterminator": "\n", **dialect}).writerows([HEADER, *numbered(rows)])
    return text.getvalue()


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(encodings, "_BLOCK", 7)


@quick
@given(
    ROWS,
    st.sampled_from(",;|\t"),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([7, 64, 1 << 22]),
)
@example([("\\", "a,b"), ('\\"', '"')], ",", csv.QUOTE_ALL, "\n", 7)
def test_what_the_csv_module_writes(tmp_path, rows, delimiter, quoting, end, block):
    text = written(rows, delimiter=delimiter, quoting=quoting, lineterminator=end)
    path = tmp_path / "t.csv"
    path.write_bytes(text.encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encodings, "_BLOCK", block)
        # Backslashes before quotes may mean two things: then the option says which.
        given = {"escape": '"'} if "\\" in text else {}
        assert found(path, delimiter=delimiter, **given) == rows


@quick
@given(st.lists(st.tuples(*[st.text(st.sampled_from('ab ,"\\'), max_size=6)] * 2), min_size=1))
def test_what_spark_writes(tmp_path, rows):
    def quoted(text):
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

    lines = [",".join([row[0], *map(quoted, row[1:])]) for row in numbered(rows)]
    path = tmp_path / "t.csv"
    path.write_text("\n".join([",".join(HEADER), *lines, ""]))
    assert found(path, escape="\\") == rows


@pytest.mark.parametrize("late", [0, 3000])
@pytest.mark.parametrize(
    ("field", "name"),
    [('"39\\" screen, black"', '39" screen, black'), ('"a \\"b\\" c"', 'a "b" c')],
)
def test_a_backslash_before_a_quote_shows_what_it_is(tmp_path, monkeypatch, late, field, name):
    monkeypatch.setattr(encodings, "_BLOCK", 1 << 12)
    path = tmp_path / "t.csv"
    rows = [f'i{i},"TV",screen {i}' for i in range(late)] + [f"last,TV,{field}"]
    path.write_text("\n".join(["item_id,category,name", *rows, ""]))
    catalogue = Catalogue.read(path)
    assert len(catalogue) == late + 1
    assert catalogue.names[late].as_py() == name


def test_what_can_be_read_in_two_ways_is_refused(tmp_path):
    path = tmp_path / "t.csv"
    # A path of Windows that is the end of its field, or a quote and more of the field.
    path.write_text('item_id,first,second\ni,"C:\\",cup\nj,"D:\\",jug\n')
    rows = [("C:\\", "cup"), ("D:\\", "jug")]
    assert found(path) == rows  # the other reading has another number of fields
    path.write_text('item_id,name\ni,"C:\\"\nj,D:"\n')
    with pytest.raises(InputError, match=r"t\.csv as CSV: from line 2 .* in two ways; escape="):
        Catalogue.read(path)
    assert Catalogue.read(path, escape='"').names.to_pylist() == ["C:\\", 'D:"']
    assert Catalogue.read(path, escape="\\").names.to_pylist() == ['C:"\nj,D:']


BARE = st.text(st.sampled_from('ab7 ,"'), min_size=1, max_size=6)


@quick
@given(st.lists(st.tuples(BARE, BARE), min_size=1, max_size=12))
def test_a_file_without_quoting_when_it_is_said(tmp_path, rows):
    for suffix, delimiter in ((".tsv", "\t"), (".csv", "|")):
        path = tmp_path / f"t{suffix}"
        lines = [delimiter.join(row) for row in [HEADER, *numbered(rows)]]
        path.write_text("\n".join([*lines, ""]))
        assert found(path, quote="", delimiter=delimiter) == rows


@pytest.mark.parametrize(
    "names",
    [
        ['"Weird" al', "cup"],
        ["cup", '"never closed'],
        ['5" nails', '"Best" nails', "nails"],
        ['"a title that opens', *["cup"] * 5, 'and one that closes"', *["jug"] * 20],
    ],
)
def test_tsv_shows_that_quotes_are_ordinary(tmp_path, names):
    path = tmp_path / "t.tsv"
    path.write_text("\n".join(["item_id\tname", *(f"i{i}\t{n}" for i, n in enumerate(names)), ""]))
    assert Catalogue.read(path).names.to_pylist() == names


@pytest.mark.parametrize("name", ["a\tb", 'say "hi"', "two\nlines"])
def test_tsv_shows_that_quotes_enclose(tmp_path, name):
    path = tmp_path / "t.tsv"
    path.write_text(written([("A", name), ("A", "cup")], delimiter="\t", quoting=csv.QUOTE_ALL))
    assert found(path) == [("A", name), ("A", "cup")]
    # Quotes around nothing that needs them are no contents of a name.
    path.write_text('item_id\tname\ni\t"red cup"\n')
    assert Catalogue.read(path).names.to_pylist() == ["red cup"]


def test_csv_of_ordinary_quotes(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text('item_id,name\n1,"Best" of cups\n2,jug\n')
    assert Catalogue.read(path).names.to_pylist() == ['"Best" of cups', "jug"]
    # One field that is enclosed, and nobody can tell what the quotes of the other one are.
    path.write_text('item_id,name\n1,"Best" of cups\n2,"jug"\n')
    with pytest.raises(InputError, match=r"line 2 has text after a closing quote; quote=''"):
        Catalogue.read(path)
    assert Catalogue.read(path, quote="").names.to_pylist() == ['"Best" of cups', '"jug"']


def test_files_of_other_names(tmp_path):
    path = tmp_path / "t.dat"
    path.write_text("item_id name\n1 cup\n2 'a b'\n")
    with pytest.raises(InputError, match=r"t\.dat must end in .*, or have a delimiter="):
        Catalogue.read(path)
    found = Catalogue.read(path, delimiter=" ", quote="'")
    assert found.names.to_pylist() == ["cup", "a b"]


def test_line_ends_of_every_kind_in_one_file(tmp_path, small_blocks):
    path = tmp_path / "t.csv"
    path.write_bytes(b"item_id,name\r\n1,cup\n2,jug\r\n\r\n3,pan\n\n4,pot\r5,lid")
    assert list(Catalogue.read(path).ids.to_pylist()) == ["1", "2", "3", "4", "5"]


@pytest.mark.parametrize("header", ["\ufeffitem_id,name", " item_id , name ", '"item_id", "name"'])
def test_headers_with_something_around_them(tmp_path, header):
    path = tmp_path / "t.csv"
    path.write_text(f"\n\n{header}\n1,cup\n" if header[0] != "\ufeff" else f"{header}\n1,cup\n")
    assert list(Catalogue.read(path)) == [("1", None, "cup")]


@pytest.mark.parametrize(
    ("header", "delimiter"),
    [("item_id;name;a,b,c,d", ";"), ("item_id|name", "|"), ("item_id\tname", "\t")],
)  # fmt: skip
def test_the_delimiter_that_the_header_shows(tmp_path, header, delimiter):
    path = tmp_path / "t.csv"
    names = header.split(delimiter)
    row = delimiter.join({"item_id": "1", "name": "cup"}.get(name, "-") for name in names)
    path.write_text(f"{header}\n{row}\n")
    assert list(Catalogue.read(path)) == [("1", None, "cup")]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("2", "line 3 has 1 field where the header has 2"),
        ("2,jug,3", "line 3 has 3 fields where the header has 2 .*: '2,jug,3'"),
        ("2,jug " + "x" * 5000 + ",3", r"line 3 has 3 fields .*: '2,jug xxx.*\.\.\.'$"),
        ('2,"jug', "line 3 opens a quote that is never closed"),
        ('2,"jug" x', "line 3 has text after a closing quote; quote=''"),
    ],
)
def test_rows_that_break_the_rules(tmp_path, small_blocks, row, message):
    path = tmp_path / "t.csv"
    path.write_text(f'item_id,name\n1,"cup"\n{row}\n3,pan\n')
    with pytest.raises(InputError, match=message) as caught:
        Catalogue.read(path)
    assert len(str(caught.value)) < 400


def test_a_row_of_megabytes(tmp_path, monkeypatch):
    path = tmp_path / "t.csv"
    path.write_text('item_id,name,text\n1,cup,"' + "x,\n" * 3_000_000 + '"\n2,jug,y\n')
    assert Catalogue.read(path).names.to_pylist() == ["cup", "jug"]
    monkeypatch.setattr(delimited, "_LONGEST_ROW", 1 << 20)
    with pytest.raises(InputError, match="line 2 begins a row of more than 1 MB"):
        Catalogue.read(path)


def test_parts_without_rows_and_without_anything(tmp_path):
    for name, text in {
        "1": "session_id,item_id\n", "2": "session_id,item_id\ns,a\ns,b\n", "3": "",
        "4": "session_id,item_id", "5": "session_id,item_id\r\nt,a\r\nt,c\r\n",
    }.items():  # fmt: skip
        (tmp_path / f"{name}.csv").write_text(text)
    sessions = Sessions.read(tmp_path / "*.csv")
    assert [session.tolist() for session in sessions] == [[0, 1], [0, 2]]


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
@pytest.mark.parametrize(
    ("encoding", "name"),
    [("latin-1", "café £5"), ("cp1254", "çay bardağı"), ("shift_jis", "急須"), ("utf-16", "çay"),
     ("utf-8-sig", "çay"), ("gb18030", "茶壶"), ("utf-32-le", "é")],
)  # fmt: skip
def test_encodings(tmp_path, small_blocks, encoding, name, suffix):
    data = f"item_id,name\n1,{name}\n2,cup\n".encode(encoding)
    path = tmp_path / f"t.csv{suffix}"
    if suffix:
        import pyarrow as pa

        with pa.output_stream(path, compression={".gz": "gzip", ".zst": "zstd"}[suffix]) as file:
            file.write(data)
    else:
        path.write_bytes(data)
    assert Catalogue.read(path, encoding=encoding).names.to_pylist() == [name, "cup"]
    if encoding not in ("utf-16", "utf-8-sig"):  # whose byte order mark tells
        with pytest.raises(InputError):
            Catalogue.read(path)
        with pytest.raises(InputError, match="encoding="):
            Catalogue.read(path, encoding="ascii")
    else:
        assert Catalogue.read(path).names.to_pylist() == [name, "cup"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"delimiter": "::"}, "delimiter must be one ASCII character, got '::'"),
        ({"delimiter": 5}, "delimiter must be one ASCII character, got 5"),
        ({"delimiter": "\n"}, "delimiter must be no quote, backslash or line end"),
        ({"quote": "''"}, "quote must be one ASCII character"),
        ({"escape": "é"}, "escape must be one ASCII character"),
        ({"delimiter": ";", "quote": ";"}, "quote must be neither the delimiter nor a line end"),
        ({"encoding": "klingon"}, "encoding must be the name of a character encoding .*'klingon'"),
        ({"encoding": "hex"}, "encoding must be the name of a character encoding"),
        ({"encoding": 5}, "encoding must be the name of a character encoding"),
        ({"missing": 5}, "missing must be texts such as 'NULL', got 5"),
        ({"missing": ["NA", None]}, "missing must be texts such as 'NULL', got None"),
        ({"partitions": "yes"}, "partitions must be true or false, got 'yes'"),
    ],
)
def test_options_that_cannot_be_meant(tmp_path, options, message):
    path = tmp_path / "t.csv"
    path.write_text("item_id,name,session_id\n1,cup,s\n")
    for read in (Catalogue.read, Sessions.read):
        with pytest.raises(InputError, match=message):
            read(path, **options)


def test_a_column_twice_in_a_later_file(tmp_path):
    (tmp_path / "1.csv").write_text("item_id,name,x,x\n1,cup,a,b\n")
    (tmp_path / "2.csv").write_text("item_id,name,x,x\n2,jug,a,b\n")
    assert len(Catalogue.read(tmp_path / "*.csv")) == 2  # nobody asks for x
    (tmp_path / "2.csv").write_text("item_id,name,name\n2,jug,pan\n")
    with pytest.raises(InputError, match=r"2\.csv has 'name' twice among its columns"):
        Catalogue.read(tmp_path / "*.csv")


def test_quotes_that_enclosed_before_are_no_ordinary_characters_later(tmp_path, monkeypatch):
    monkeypatch.setattr(encodings, "_BLOCK", 64)
    path = tmp_path / "t.csv"
    early = ['0,"cup",a\\"b'] + [f"{i},jug,x" for i in range(1, 40)]
    path.write_text("\n".join(["item_id,name,text", *early, '40,"Best" of pans,x', ""]))
    with pytest.raises(InputError, match="line 42 has text after a closing quote"):
        Catalogue.read(path)
