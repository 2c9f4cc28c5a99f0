"""Settings from ``adaptx.toml``: the nearest file upward from the working folder gives defaults for options.

Owns the reading of that file; the order of precedence is option, ``ADAPTX_*``, file, page. Top-level keys hold for
every command that has the option, a table named after a command for that one. Unknown keys are errors, all told at
once.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from adaptx.errors import UsageError
from adaptx.planning.kinds import Many, Numbers
from adaptx.planning.options import OPTIONS

__all__ = ["SETTINGS_FILE", "defaults_for"]

SETTINGS_FILE = "adaptx.toml"

COMMON = frozenset((*OPTIONS, "json"))
REPEATED = frozenset(name for name, option in OPTIONS.items() if isinstance(option.kind, Numbers | Many))
OWN: Mapping[str, frozenset[str]] = {
    "compare": frozenset({"seeds"}),
    "report": frozenset({"report"}),
    "run": frozenset({"report"}),
    "stack": frozenset({"on"}),
}


def defaults_for(commands: Iterable[str], start: Path | None = None) -> dict[str, dict[str, object]]:
    """Return click's default map, command to option to value; raise `UsageError` naming every unknown key."""
    file = _nearest(start or Path.cwd())
    if file is None:
        return {}
    settings = _read(file)
    commands = tuple(commands)
    tables = {key: value for key, value in settings.items() if key in commands and isinstance(value, Mapping)}
    common = {key: value for key, value in settings.items() if key not in tables}
    _refuse_unknown(file, common, tables)
    return {
        name: {_key(k): _value(_key(k), v) for k, v in {**common, **tables.get(name, {})}.items()} for name in commands
    }


def _nearest(start: Path) -> Path | None:
    return next(
        (folder / SETTINGS_FILE for folder in (start, *start.parents) if (folder / SETTINGS_FILE).is_file()), None
    )


def _read(file: Path) -> dict[str, object]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} is not valid TOML: {error}") from None


def _refuse_unknown(file: Path, common: Mapping[str, object], tables: Mapping[str, Mapping[str, object]]) -> None:
    faults = [key for key in common if _key(key) not in COMMON]
    for name, table in tables.items():
        faults += [f"{name}.{key}" for key in table if _key(key) not in COMMON | OWN.get(name, frozenset())]
    if faults:
        known = ", ".join(sorted(key.replace("_", "-") for key in COMMON))
        raise UsageError(f"{file}: unknown settings {', '.join(faults)}", hint=f"known: {known}")


def _key(key: str) -> str:
    return key.replace("-", "_")


def _value(key: str, value: Any) -> Any:
    """Return what click expects; a table ``lr = {pawsx = 1e-3}`` is the repeated option ``--lr pawsx=1e-3``."""
    if isinstance(value, Mapping):
        return [f"{task}={number}" for task, number in value.items()]
    if key in REPEATED:
        return [str(item) for item in (value if isinstance(value, list) else [value])]
    return value
