"""Tables of stored rows: predictions and outcomes as Parquet, written once and read back as plain dictionaries.

Owns the file format only; what a row means belongs to the form and to the attack engine. pyarrow is imported inside the
functions because `adaptx --help` and `ls` must not pay for it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from adaptx.errors import StoreCorrupt

__all__ = ["read_json", "read_object", "read_rows", "write_json", "write_rows"]


def write_rows(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    """Write rows of one shape as Parquet, in order; nested mappings are kept as JSON text under the same key."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    flat = [{key: _flat(value) for key, value in row.items()} for row in rows]
    pq.write_table(pa.Table.from_pylist(flat), path, compression="zstd")


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a Parquet file in order."""
    import pyarrow.parquet as pq

    rows: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    return rows


def write_json(path: Path, value: Any) -> None:
    """Write ``value`` as readable JSON with a final newline."""
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def read_json(path: Path) -> Any:
    """Return the JSON value of a file of a result; raise `StoreCorrupt` where it cannot be read."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as fault:
        raise StoreCorrupt(f"{path} cannot be read: {fault}", hint="run adaptx verify") from fault


def read_object(path: Path) -> Any:
    """Return the JSON object of a file of a result; raise `StoreCorrupt` where there is none."""
    found = read_json(path)
    if not isinstance(found, dict):
        raise StoreCorrupt(f"{path} is a JSON {type(found).__name__}, not an object", hint="run adaptx verify")
    return found


def _flat(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False, sort_keys=True) if isinstance(value, Mapping) else value
