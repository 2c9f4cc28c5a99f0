"""``python -m adaptx.schema docs/schema``: write the JSON Schema of every command; a test fails when one is stale."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from adaptx.schema.commands import COMMANDS
from adaptx.schema.json_schema import json_schema

__all__ = ["document", "write"]


def document(command: str) -> str:
    """Return the text of a command's schema."""
    return json.dumps(json_schema(COMMANDS[command], f"adaptx {command}"), ensure_ascii=False, indent=1) + "\n"


def write(folder: Path) -> None:
    """Write one file a command."""
    for command in COMMANDS:
        (folder / f"{command}.json").write_text(document(command), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
