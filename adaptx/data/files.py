"""Files of rows: JSON lines, gzipped or not, Parquet, and SQuAD's JSON, as plain dictionaries in upstream order.

Owns formats only. Whatever makes a file untrustworthy as a whole (truncated, not UTF-8, not JSON, not Parquet) is fatal
and names the line: rows after it could be anything.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path

from adaptx.errors import DataFault

__all__ = ["read_file", "read_lines"]

AGAIN = "copy or download it again"


def read_file(path: Path) -> Iterator[dict[str, object]]:
    """Yield the rows of a ``.jsonl``, ``.jsonl.gz`` or ``.parquet`` file; raise `DataFault` naming file and line.

    A ``.json`` is read as SQuAD's own: one row a question, with its context and what is said of its paragraph.
    """
    readers = {".parquet": _parquet, ".json": _squad}
    return readers.get(path.suffix, _json_lines)(path)


def _squad(path: Path) -> Iterator[dict[str, object]]:
    try:
        for article in json.loads(path.read_bytes())["data"]:
            for paragraph in article["paragraphs"]:
                about = {key: value for key, value in paragraph.items() if key != "qas"}
                yield from ({"title": article.get("title", ""), **about, **question} for question in paragraph["qas"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DataFault(f"{path} is not JSON in the shape of SQuAD: {error!r}", hint=AGAIN) from error


def read_lines(path: Path) -> Iterator[str]:
    """Yield the lines of a text file, gzipped or not; raise `DataFault` naming the line that is not UTF-8."""
    for number, line in enumerate(_lines(path), start=1):
        try:
            yield line.decode("utf-8").rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise DataFault(f"{path} line {number} is not UTF-8: {error.reason} at byte {error.start}") from error


def _json_lines(path: Path) -> Iterator[dict[str, object]]:
    for number, line in enumerate(_lines(path), start=1):
        try:
            row = json.loads(line.decode("utf-8"))
        except UnicodeDecodeError as error:
            raise DataFault(f"{path} line {number} is not UTF-8: {error.reason} at byte {error.start}") from error
        except (ValueError, RecursionError) as error:
            raise DataFault(f"{path} line {number} is not JSON: {error}") from error
        if not isinstance(row, dict):
            raise DataFault(f"{path} line {number} is a JSON {type(row).__name__}, not an object")
        yield row


def _lines(path: Path) -> Iterator[bytes]:
    with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
        try:
            yield from file
        except (EOFError, zlib.error) as error:
            raise DataFault(f"{path} is a truncated or damaged gzip file: {error}", hint=AGAIN) from error
        except OSError as error:
            raise DataFault(f"{path} cannot be read: {error}", hint=AGAIN) from error


def _parquet(path: Path) -> Iterator[dict[str, object]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches():
                yield from batch.to_pylist()
    except (pa.ArrowException, OSError) as error:
        raise DataFault(f"{path} is not a readable Parquet file: {error}", hint=AGAIN) from error
