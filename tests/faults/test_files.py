"""Damage to files of rows: what is cut, encoded, packed, numbered or linked wrongly, over formats and tasks.

Whatever is taken from a damaged file is a row of the whole one, as often as it is in the file, and what is not taken
is counted as a bad row. ``ADAPTX_FAULTS=long`` tries all, else a sample of `SEED`.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import struct
import zlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from adaptx.data.cell import Cell
from adaptx.data.rows import load
from adaptx.data.source import FolderSource
from adaptx.mini import suite
from adaptx.store import Store
from adaptx.tasks.catalog import task_named

if TYPE_CHECKING:
    from adaptx.tasks.example import Example

SEED = int(os.environ.get("ADAPTX_FAULTS_SEED", "0"))
SAMPLE = 30  # cases a task, without long mode
COUNT = 120
WORLD = suite.Suite(train=COUNT, dev=COUNT, test=COUNT)
Rows = list[dict[str, Any]]
Damage = Callable[[Path, str, Rows], object]  # (folder, split, rows): writes files

TASKS = {
    "pawsx": ("en", "test", "paws-x/en", "test"),
    "squad2": ("en", "train", "squad2/en", "train"),
    "panx": ("en", "train", "wikiann/en", "train"),
    "copa": ("en", "train", "copa/en", "train"),
    "tatoeba": ("de", "test", "tatoeba/de", "test"),
}
DEEP = b"[" * 100_000
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:abc\nsize 3\n"


def lines(rows: Rows, end: str = "\n", encoding: str = "utf-8") -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + end for row in rows).encode(encoding)


def table(rows: Rows, **options: Any) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), file, **options)
    return file.getvalue()


def packed(rows: Rows) -> bytes:
    return gzip.compress(lines(rows))


def write(end: str, make: Callable[[Rows], bytes]) -> Damage:
    return lambda folder, split, rows: (folder / f"{split}{end}").write_bytes(make(rows))


def inserted(line: bytes) -> Callable[[Rows], bytes]:
    return lambda rows: lines(rows[:7]) + line + b"\n" + lines(rows[7:])


def flipped(content: bytes, share: float) -> bytes:
    place = int(len(content) * share)
    return content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :]


def each(change: Callable[[str, Any], Any]) -> Callable[[Rows], bytes]:
    """Return a Parquet table with every value changed."""
    return lambda rows: table([{key: change(key, value) for key, value in row.items()} for row in rows])


def with_columns(make: Callable[[pa.Table], pa.Table]) -> Damage:
    return lambda folder, split, rows: pq.write_table(make(pa.Table.from_pylist(rows)), folder / f"{split}.parquet")


def of_strings(change: Callable[[pa.ChunkedArray], Any]) -> Callable[[pa.Table], pa.Table]:
    """Return what changes every column of texts."""

    def make(found: pa.Table) -> pa.Table:
        columns = [change(c) if pa.types.is_string(c.type) else c for c in found.columns]
        return pa.Table.from_arrays(columns, names=found.column_names)

    return make


def not_utf8(column: pa.ChunkedArray) -> pa.Array:
    values = [text.encode() for text in column.to_pylist()]
    values[3] = b"\xff\xfe bad"
    binary = pa.array(values, pa.binary())
    return pa.Array.from_buffers(pa.string(), len(binary), binary.buffers())


def added(name: str, values: Callable[[int], pa.Array]) -> Damage:
    return with_columns(lambda found: found.append_column(name, values(found.num_rows)))


def shards(*numbers: int, total: int = 3, end: str = "") -> Damage:
    """Write shards of 40 rows under the numbers, each with the rows of its place."""

    def make(folder: Path, split: str, rows: Rows) -> None:
        for place, number in enumerate(numbers):
            name = f"{split}-{number:05d}-of-{total:05d}{end if numbers[:place].count(number) else ''}.parquet"
            (folder / name).write_bytes(table(rows[place * 40 : place * 40 + 40]))

    return make


def both(*damages: Damage) -> Damage:
    return lambda *where: [damage(*where) for damage in damages]


def linked(target: Callable[[Path], Any]) -> Damage:
    return lambda folder, split, _: (folder / f"{split}.jsonl").symlink_to(target(folder / f"{split}.jsonl"))


def beside(content: bytes) -> Damage:
    """Write SQuAD's own JSON beside the folder of the language."""
    return lambda folder, *_: folder.with_name(f"{folder.name}.json").write_bytes(content)


def outside(folder: Path, split: str, rows: Rows) -> None:
    elsewhere = folder.parent.parent / "elsewhere.jsonl"
    elsewhere.write_bytes(lines(rows))
    (folder / f"{split}.jsonl").symlink_to(elsewhere)


HASH = "-0123456789abcdef"
PLAIN, GZIP, PARQUET = ".jsonl", ".jsonl.gz", ".parquet"

DAMAGE: dict[str, Damage] = {
    "nothing": write(PLAIN, lines),
    "no bytes": write(PLAIN, lambda _: b""),
    "one line break": write(PLAIN, lambda _: b"\n"),
    "a blank line": write(PLAIN, inserted(b"")),
    "blank lines behind": write(PLAIN, lambda rows: lines(rows) + b"\n\n"),
    "no line break at the end": write(PLAIN, lambda rows: lines(rows)[:-1]),
    "cut in a row": write(PLAIN, lambda rows: lines(rows)[:-20]),
    "a byte order mark": write(PLAIN, lambda rows: b"\xef\xbb\xbf" + lines(rows)),
    "UTF-16": write(PLAIN, lambda rows: lines(rows, encoding="utf-16")),
    "Latin-1": write(PLAIN, lambda rows: lines(rows).replace(b'"id"', b'"\xe9"', 1) + b'{"z": "\xe9"}\n'),
    "line breaks of Windows": write(PLAIN, lambda rows: lines(rows, end="\r\n")),
    "line breaks of old Macs": write(PLAIN, lambda rows: lines(rows, end="\r")),
    "NUL bytes": write(PLAIN, inserted(b"\0\0\0")),
    "NUL bytes behind": write(PLAIN, lambda rows: lines(rows) + b"\0" * 4096),
    "raw bytes of a surrogate": write(PLAIN, inserted(b'{"id": "\xed\xa0\x80"}')),
    "overlong UTF-8": write(PLAIN, inserted(b'{"id": "\xc0\xaf"}')),
    "a list in a line": write(PLAIN, inserted(b"[1,2]")),
    "one list": write(PLAIN, lambda rows: json.dumps(rows).encode()),
    "a text in a line": write(PLAIN, inserted(b'"x"')),
    "null in a line": write(PLAIN, inserted(b"null")),
    "an empty row": write(PLAIN, inserted(b"{}")),
    "two rows in a line": write(PLAIN, inserted(b'{"a":1}{"b":2}')),
    "NaN": write(PLAIN, inserted(b'{"a":NaN}')),
    "a number of 5000 digits": write(PLAIN, inserted(b'{"a":' + b"9" * 5000 + b"}")),
    "deep lists": write(PLAIN, inserted(DEEP)),
    "deep tables": write(PLAIN, inserted(b'{"a":' * 100_000)),
    "a key twice": write(PLAIN, lambda r: lines(r[:5]) + lines(r[5:6])[:-2] + b", " + lines(r[6:7])[1:] + lines(r[6:])),
    "a key twice inside": write(PLAIN, lambda r: lines(r[:9]) + b'{"a": {"b": 1, "b": 2}}\n' + lines(r[9:])),
    "single quotes": write(PLAIN, inserted(b"{'id': 1}")),
    "a comment": write(PLAIN, lambda rows: b"// rows\n" + lines(rows)),
    "a raw control character": write(PLAIN, inserted(b'{"a": "x\x01y"}')),
    "a line of 10 MB": write(PLAIN, inserted(b'{"a": "' + b"x" * 10**7 + b'"}')),
    "a line of 70 MB": write(PLAIN, lambda rows: lines(rows) + b'{"a": "' + b"x" * 7 * 10**7 + b'"}'),
    "CSV": write(PLAIN, lambda _: b"id,sentence1,label\n1,a,0\n"),
    "a page of HTML": write(PLAIN, lambda _: b"<!DOCTYPE html><html>404</html>"),
    "a Git LFS pointer": write(PLAIN, lambda _: POINTER),
    "gzip under the name of text": write(PLAIN, packed),
    "noise": write(PLAIN, lambda _: Random(1).randbytes(5000)),
    "a column less": write(PLAIN, lambda rows: lines([dict(list(row.items())[:-1]) for row in rows])),
    "another name of a column": write(PLAIN, lambda r: lines([{f"{k}_x": v for k, v in row.items()} for row in r])),
    "every row twice": write(PLAIN, lambda rows: lines(rows + rows)),
    "a row twice": write(PLAIN, lambda rows: lines([*rows, rows[0]])),
    "half of the rows empty": write(PLAIN, lambda rows: lines([row if n % 2 else {} for n, row in enumerate(rows)])),
    "all rows empty": write(PLAIN, lambda rows: lines([{}] * len(rows))),
    "one row": write(PLAIN, lambda rows: lines(rows[:1])),
    "gzip": write(GZIP, packed),
    "gzip, cut in half": write(GZIP, lambda rows: packed(rows)[: len(packed(rows)) // 2]),
    "gzip, a byte less": write(GZIP, lambda rows: packed(rows)[:-1]),
    "gzip, ten bytes": write(GZIP, lambda rows: packed(rows)[:10]),
    "gzip, no bytes": write(GZIP, lambda _: b""),
    "gzip of nothing": write(GZIP, lambda _: gzip.compress(b"")),
    "text under the name of gzip": write(GZIP, lines),
    "gzip, another checksum": write(GZIP, lambda rows: packed(rows)[:-8] + b"\0" * 4 + packed(rows)[-4:]),
    "gzip, a flipped byte": write(GZIP, lambda rows: flipped(packed(rows), 0.5)),
    "gzip and more": write(GZIP, lambda rows: packed(rows) + b"garbage"),
    "gzip and zeros": write(GZIP, lambda rows: packed(rows) + b"\0" * 100),
    "gzip of two members": write(GZIP, lambda rows: packed(rows[:70]) + packed(rows[70:])),
    "gzip, unknown method": write(GZIP, lambda rows: b"\x1f\x8b\x07" + packed(rows)[3:]),
    "zlib": write(GZIP, lambda rows: zlib.compress(lines(rows))),
    "gzip of a line without end": write(GZIP, lambda _: gzip.compress(b"x" * 10**8, 1)),
    "Parquet": write(PARQUET, table),
    "Parquet, zstd": write(PARQUET, lambda rows: table(rows, compression="zstd")),
    "Parquet without rows": with_columns(lambda found: found.slice(0, 0)),
    "Parquet without columns": with_columns(lambda _: pa.table({})),
    "Parquet, no bytes": write(PARQUET, lambda _: b""),
    "text under the name of Parquet": write(PARQUET, lines),
    "Parquet, marks alone": write(PARQUET, lambda _: b"PAR1PAR1"),
    "Parquet, cut in half": write(PARQUET, lambda rows: table(rows)[: len(table(rows)) // 2]),
    "Parquet, three bytes less": write(PARQUET, lambda rows: table(rows)[:-3]),
    "Parquet, a footer without end": write(
        PARQUET, lambda rows: table(rows)[:-8] + struct.pack("<I", 0x7FFFFFFF) + b"PAR1"
    ),
    "Parquet, a row of nulls": write(PARQUET, lambda rows: table([*rows, dict.fromkeys(rows[0])])),
    "Parquet, a column of nulls": write(PARQUET, lambda r: table([{**row, list(row)[1]: None} for row in r])),
    "Parquet, numbers as fractions": write(PARQUET, each(lambda _, v: float(v) if type(v) is int else v)),
    "Parquet, texts in tables": write(PARQUET, each(lambda _, v: {"t": v} if isinstance(v, str) else v)),
    "Parquet, texts in lists": write(PARQUET, each(lambda _, v: [v] if isinstance(v, str) else v)),
    "Parquet, texts as bytes": write(PARQUET, each(lambda _, v: v.encode() if isinstance(v, str) else v)),
    "Parquet, rows in a table": write(PARQUET, lambda rows: table([{"row": row} for row in rows])),
    "Parquet, texts that are not UTF-8": with_columns(of_strings(not_utf8)),
    "Parquet, texts of a dictionary": with_columns(of_strings(lambda column: column.dictionary_encode())),
    "Parquet, large texts": with_columns(of_strings(lambda column: column.cast(pa.large_string()))),
    "Parquet, a year beyond 9999": added("when", lambda n: pa.array([2**62] * n, pa.timestamp("us"))),
    "Parquet, nanoseconds": added("when", lambda n: pa.array([1234567890123456789] * n, pa.timestamp("ns"))),
    "Parquet, a column twice": with_columns(
        lambda found: pa.Table.from_arrays(
            [found.column(0), *found.columns], names=[found.column_names[1], *found.column_names]
        )
    ),
    "a folder as text": lambda folder, split, _: (folder / f"{split}{PLAIN}").mkdir(),
    "a folder as Parquet": lambda folder, split, _: (folder / f"{split}{PARQUET}").mkdir(),
    "a link to itself": linked(lambda path: path),
    "a link to nowhere": linked(lambda _: "/nonexistent/x"),
    "a link to a device": linked(lambda _: "/dev/zero"),
    "a link out of the folder": outside,
    "a pipe": lambda folder, split, _: os.mkfifo(folder / f"{split}{PLAIN}"),
    "text and gzip": both(write(PLAIN, lines), write(GZIP, packed)),
    "shards": shards(0, 1, 2),
    "two of three shards": shards(0, 1),
    "the middle shard missing": shards(0, 2),
    "a shard twice, none missing": shards(0, 1, 2, 2, end=HASH),
    "a shard twice, one missing": shards(0, 2, 2, end=HASH),
    "the first shard twice, one missing": shards(0, 0, 2, end=HASH),
    "shards beyond their number": shards(5, 6, 7),
    "shards of two wholes": both(shards(0, 1, total=2), shards(0, 1, 2)),
    "shards from one": shards(1, 2, 3),
    "a shard with other columns": both(
        shards(0, 1),
        lambda folder, split, _: (folder / f"{split}-00002-of-00003.parquet").write_bytes(table([{"other": 1}] * 2)),
    ),
    "another case of the name": write(".JSONL", lines),
    "a whole JSON": write(".json", lambda rows: json.dumps(rows).encode()),
    "SQuAD beside, empty": beside(b'{"data": []}'),
    "SQuAD beside, a question that is a number": beside(b'{"data": [{"paragraphs": [{"qas": [5]}]}]}'),
    "SQuAD beside, a list": beside(b"[]"),
    "SQuAD beside, deep": beside(DEEP),
    "SQuAD beside, UTF-16": beside('{"data": []}'.encode("utf-16")),
    "SQuAD beside, no questions": beside(b'{"data": [{"paragraphs": [{"context": "a", "qas": null}]}]}'),
    "SQuAD beside, a key twice": beside(b'{"data": [], "data": []}'),
    **{
        f"Parquet, a flipped byte at {share}": write(PARQUET, lambda rows, share=share: flipped(table(rows), share))
        for share in (0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
    },
    **{
        f"text, a flipped byte at {share}": write(PLAIN, lambda rows, share=share: flipped(lines(rows), share))
        for share in (0.05, 0.2, 0.4, 0.6, 0.8, 0.95)
    },
}
UNSEEN = "a flipped byte"  # in a value it may make another value, which nothing in the file could tell
AGAIN = {"every row twice": 2 * COUNT, "a row twice": COUNT + 1}  # rows that the file really has


def said(example: Example) -> str:
    """Return what a row says, without where it stands."""
    return repr((dict(example.texts), example.label, example.answers, example.tags))


def outcome(name: str, label: str, root: Path, silent: type[Exception]) -> str:
    """Say what becomes of a damaged file; raise ``silent`` where a row of it is not one of the whole file."""
    language, split, folder, upstream = TASKS[name]
    rows = [json.loads(json.dumps(row)) for row in suite.rows(name, language, split, WORLD)]
    source = FolderSource(root, Store(root.with_name("runs")))
    home = root / folder
    home.mkdir(parents=True)
    (home / f"{upstream}.jsonl").write_bytes(lines(rows))
    task = task_named(name)
    whole = Counter(map(said, load(Cell(source, task, language, split)).examples))
    (home / f"{upstream}.jsonl").unlink()
    DAMAGE[label](home, upstream, rows)
    found = load(Cell(source, task, language, split))
    told = Counter(map(said, found.examples))
    most = {text: count * (2 if label in AGAIN else 1) for text, count in whole.items()}
    if UNSEEN not in label and any(count > most.get(text, 0) for text, count in told.items()):
        raise silent("a row that is not in the whole file")
    counted = len(found.quarantined) + len(found.dropped)
    lost = 0 if label == "one row" else sum((whole - told).values())
    if UNSEEN not in label and lost > counted:
        raise silent(f"{lost} rows are gone, {counted} are counted")
    return "quarantined" if found.quarantined else "accepted"


@pytest.mark.parametrize("name", TASKS)
def test_a_damaged_file_is_refused_or_gives_its_own_rows_alone(name, tally, silent, is_long, tmp_path):
    counts = tally("files")
    labels = list(DAMAGE) if is_long else Random(f"{SEED} {name}").sample(list(DAMAGE), SAMPLE)
    for number, label in enumerate(labels):
        counts.case(
            f"{name}: {label}",
            lambda label=label, root=tmp_path / str(number) / "rows": outcome(name, label, root, silent),
        )
    assert counts.wrong == []
