"""Which world a result is of: the first line of everything that is printed or written says so.

Owns that line. Numbers of the generated world and of real languages never meet in one table: `analysis` refuses to
compute one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["GENERATED", "world_of"]

MINI = "mini"
GENERATED = "Generated world: all text is made by rules (source mini). This says nothing about real languages."


def world_of(value: Mapping[str, Any]) -> str:
    """Return the line that says which world a result is of: the generated one, or rows of the hub or of a folder."""
    return GENERATED if value["source"] == MINI else f"Real rows: source {value['source']}."
