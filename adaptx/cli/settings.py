"""Settings from ``adaptx.toml``: the nearest file upward from the working folder gives defaults for options.

Owns the reading of that file; the order of precedence is option, ``ADAPTX_*``, file, page. Top-level keys hold for
every command that has the option, a table named after a command for that one. Unknown keys are errors, all told at
once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from adaptx import validation
from adaptx.errors import UsageError
from adaptx.options import OPTIONS, PerTask, Texts

__all__ = ["SETTINGS_FILE", "defaults_for"]

SETTINGS_FILE = "adaptx.toml"

OWN: Mapping[str, frozenset[str]] = {
    "compare": frozenset({"seeds"}),
    "report": frozenset({"report"}),
    "run": frozenset({"report"}),
    "stack": frozenset({"on"}),
}
COMMON = frozenset(OPTIONS).difference(*OWN.values())
REPEATED = frozenset(key for key, kind in OPTIONS.items() if isinstance(kind, (PerTask, Texts)))


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
    validation.refuse(str(file), [*_wrong(common), *(told for name in tables for told in _wrong(tables[name], name))])
    return {
        name: {_key(k): _value(_key(k), v) for k, v in {**common, **tables.get(name, {})}.items()} for name in commands
    }


def _nearest(start: Path) -> Path | None:
    return next(
        (folder / SETTINGS_FILE for folder in (start, *start.parents) if (folder / SETTINGS_FILE).is_file()), None
    )


def _read(file: Path) -> dict[str, object]:
    try:
        return validation.read_toml(file.read_text(encoding="utf-8"), str(file))
    except UnicodeDecodeError as error:
        raise UsageError(f"{file} is not TOML: {error}") from None


def _refuse_unknown(file: Path, common: Mapping[str, object], tables: Mapping[str, Mapping[str, object]]) -> None:
    faults = [key for key in common if _key(key) not in COMMON]
    for name, table in tables.items():
        faults += [f"{name}.{key}" for key in table if _key(key) not in COMMON | OWN.get(name, frozenset())]
    if faults:
        known = ", ".join(sorted(key.replace("_", "-") for key in COMMON))
        raise UsageError(f"{file}: unknown settings {', '.join(faults)}", hint=f"known: {known}")


def _wrong(table: Mapping[str, object], name: str = "") -> Iterator[str]:
    """Yield what is wrong with the values of the file, or of its table called ``name``."""
    place = f"{name}." if name else ""
    for key, value in table.items():
        if told := OPTIONS[_key(key)].wrong(value):
            yield f"{place}{key}: {told}"


def _key(key: str) -> str:
    return key.replace("-", "_")


def _value(key: str, value: Any) -> Any:
    """Return what click expects; a table ``lr = {pawsx = 1e-3}`` is the repeated option ``--lr pawsx=1e-3``."""
    if isinstance(value, Mapping):
        return [f"{task}={number}" for task, number in value.items()]
    if key in REPEATED:
        return [str(item) for item in (value if isinstance(value, list) else [value])]
    return value
