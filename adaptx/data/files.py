"""Files of rows: JSON lines, gzipped or not, Parquet, and SQuAD's JSON, as plain dictionaries in upstream order.

Owns formats only. A file is read into memory as a whole, once, and parsed from there: the bytes that are hashed are
then the bytes that are parsed. Whatever makes a file untrustworthy as a whole (truncated, not UTF-8, not JSON, not
Parquet) is fatal and names the line: rows after it could be anything. A row that says one thing twice is a bad row.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path

from adaptx.errors import DataFault, RowFault

__all__ = ["lines_of", "read_bytes", "read_file", "rows_of"]

AGAIN = "copy or download it again"
LONGEST_LINE = 64 * 2**20  # bytes; a file without line breaks, or a gzip bomb, ends here

RawRow = dict[str, object] | RowFault


class Twice(ValueError):
    """A JSON object with the same key twice: which of the two is meant, nothing says."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def read_bytes(path: Path) -> bytes:
    """Return the content of a file; raise `DataFault` where it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataFault(f"{path} cannot be read: {error.strerror or error}", hint="check its permissions") from error


def read_file(path: Path) -> Iterator[RawRow]:
    """Yield the rows of a ``.jsonl``, ``.jsonl.gz``, ``.parquet`` or ``.json`` file, as `rows_of` does."""
    return rows_of(path, read_bytes(path))


def rows_of(path: Path, content: bytes) -> Iterator[RawRow]:
    """Yield the rows of a file whose bytes are ``content``; raise `DataFault` naming file and line.

    A row that cannot be taken at its word is a `RowFault` in its place. A ``.json`` is read as SQuAD's own: one row a
    question, with its context and what is said of its paragraph.
    """
    readers = {".parquet": _parquet, ".json": _squad}
    return readers.get(path.suffix, _json_lines)(path, content)


def lines_of(path: Path, content: bytes) -> Iterator[str]:
    """Yield the lines of a text file, gzipped or not; raise `DataFault` naming the line that is not UTF-8."""
    for number, line in enumerate(_lines(path, content), start=1):
        yield _text(path, number, line).rstrip("\r\n")


def _squad(path: Path, content: bytes) -> Iterator[RawRow]:
    try:
        for article in json.loads(content, object_pairs_hook=_distinct)["data"]:
            for paragraph in article["paragraphs"]:
                about = {key: value for key, value in paragraph.items() if key != "qas"}
                yield from ({"title": article.get("title", ""), **about, **question} for question in paragraph["qas"])
    except Twice as fault:
        raise DataFault(f"{path} has the key {fault.key!r} twice in one object") from fault
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DataFault(f"{path} is not JSON in the shape of SQuAD: {error!r}", hint=AGAIN) from error


def _json_lines(path: Path, content: bytes) -> Iterator[RawRow]:
    for number, line in enumerate(_lines(path, content), start=1):
        text = _text(path, number, line)
        try:
            row = json.loads(text, object_pairs_hook=_distinct)
        except Twice as fault:
            yield RowFault(fault.key, "the key occurs twice in one object")
            continue
        except (ValueError, RecursionError) as error:
            raise DataFault(f"{path} line {number} is not JSON: {error}") from error
        if not isinstance(row, dict):
            raise DataFault(f"{path} line {number} is a JSON {type(row).__name__}, not an object")
        yield row


def _distinct(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [key for key, _ in pairs]
        raise Twice(next(key for key in names if names.count(key) > 1))
    return found


def _text(path: Path, number: int, line: bytes) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DataFault(f"{path} line {number} is not UTF-8: {error.reason} at byte {error.start}") from error


def _lines(path: Path, content: bytes) -> Iterator[bytes]:
    with gzip.GzipFile(fileobj=BytesIO(content)) if path.suffix == ".gz" else BytesIO(content) as file:
        try:
            while line := file.readline(LONGEST_LINE):
                if len(line) == LONGEST_LINE:
                    raise DataFault(f"{path} has a line of more than {LONGEST_LINE:,} bytes", hint="is it JSON lines?")
                yield line
        except (EOFError, zlib.error) as error:
            raise DataFault(f"{path} is a truncated or damaged gzip file: {error}", hint=AGAIN) from error
        except OSError as error:  # no gzip at all, or a wrong checksum
            raise DataFault(f"{path} cannot be read: {error}", hint=AGAIN) from error


def _parquet(path: Path, content: bytes) -> Iterator[RawRow]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(pa.BufferReader(content)) as file:
            for batch in file.iter_batches():
                yield from batch.to_pylist()
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:  # a text that is not UTF-8, a year 10,000
        raise DataFault(f"{path} is not a readable Parquet file: {error}", hint=AGAIN) from error
