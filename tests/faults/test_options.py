"""Values that mean nothing, by every way in which a value comes: each is refused in one sentence, nothing is stored.

``ADAPTX_FAULTS=long`` tries every odd value for every option; the sample takes some of each.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from adaptx.cli.main import COMMANDS, cli, main
from adaptx.errors import Exit, UsageError
from adaptx.options import OPTIONS, TRAINING, Flag, Names, Number, PerTask, Texts, variable
from adaptx.planning.recipe import read_recipe
from adaptx.spec import Optimisation
from adaptx.tasks.catalog import PAGES, page_at

IS_LONG = os.environ.get("ADAPTX_FAULTS") == "long"
pytestmark = pytest.mark.timeout(7200 if IS_LONG else 300)
PLAN = ("stack", "pawsx", "--source", "mini", "--backbone", "nano", "--dry-run", "--languages", "en")

# as TOML spells them; what is a text there is what a person types
ODD = (
    *("0.5", "2.7", "-1", "0", "1e300", "-1e300", "nan", "inf", "-inf", "true", "false", '""', '" "', '"many"'),
    *('"1e400"', '"0x10"', '"١٢x"', "[1]", "[]", "{}", "[[1]]", "1979-05-27", "1_000_000_000_000", "9" * 30),  # noqa: RUF001 - digits of another script
    *('"\\u001b[31m"', '"' + "x" * 5000 + '"', "[true]", "{a = 1}", "1e-320", "-0.0", '"None"', '"=1"', '"a="'),
)
SAMPLE = ODD[:: 1 if IS_LONG else 5]


def number(kind: Any) -> Number | None:
    return kind if isinstance(kind, Number) else kind.number if isinstance(kind, PerTask) else None


def parsed(text: str) -> Any:
    import tomllib

    return tomllib.loads(f"value = {text}")["value"]


def is_right(name: str, value: Any) -> bool:
    """Return whether a typed value is one of an option: written apart from the table's own rules."""
    kind = OPTIONS[name]
    if isinstance(kind, Flag):
        return isinstance(value, bool)
    return _is_number(kind, value) if number(kind) is not None else _are_texts(kind, value)


def _is_number(kind: Any, value: Any) -> bool:
    wanted = number(kind)
    if isinstance(kind, PerTask) and isinstance(value, (dict, list)):
        items = list(value.values() if isinstance(value, dict) else value)
        return bool(items) and all(_is_number(kind, item) for item in items)
    if isinstance(kind, PerTask) and isinstance(value, str):
        if value.startswith("="):
            return False
        try:
            value = int(value.rpartition("=")[2]) if wanted.is_whole else float(value.rpartition("=")[2])
        except ValueError:
            return False
    if isinstance(value, bool) or not isinstance(value, int if wanted.is_whole else (int, float)):
        return False
    return (wanted.least < value if wanted.above else wanted.least <= value) and value <= wanted.most


def _are_texts(kind: Any, value: Any) -> bool:
    texts = value if isinstance(value, list) and isinstance(kind, Texts) else [value]
    return all(isinstance(text, str) and text.strip() and (text in kind.known or not kind.known) for text in texts)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refused(code: int, err: str) -> bool:
    """Return whether a command was refused as it should be: exit 2, one error, printable, short."""
    lines = [line for line in err.splitlines() if line.startswith("error: ")]
    return code == Exit.USAGE and len(lines) == 1 and len(err) < 6000 and "\x1b" not in err and "Traceback" not in err


def report(area: str, count: int, wrong: list[str]) -> None:
    print(f"{area}: {count} cases, {count - len(wrong)} right, {len(wrong)} wrong")  # noqa: T201
    assert wrong == []


def typed_options() -> Iterator[tuple[str, str]]:
    for name, kind in OPTIONS.items():
        if number(kind) is not None and name not in ("seeds", "layer"):
            yield from ((name, value.strip('"')) for value in SAMPLE if value[0] not in "[{")


def test_an_odd_number_on_the_command_line_or_in_the_environment_is_refused(capfd, monkeypatch) -> None:
    wrong, count = [], 0
    for name, text in typed_options():
        wanted = number(OPTIONS[name])
        try:
            value = int(text) if wanted.is_whole else float(text)
            right = is_right(name, {"x": value}["x"] if not isinstance(OPTIONS[name], PerTask) else value)
        except (ValueError, AttributeError):
            right = False
        if right:
            continue  # whether it can be carried out is another question
        for place in ("option", "variable"):
            with monkeypatch.context() as patch:
                args = [*PLAN, f"--{name.replace('_', '-')}={text}"] if place == "option" else [*PLAN]
                if place == "variable":
                    if not text.strip():
                        continue  # an empty variable is none
                    patch.setenv(variable(name), text)
                count += 1
                capfd.readouterr()
                code = main(args)
                if not refused(code, err := capfd.readouterr().err):
                    wrong.append(f"{place} {name}={text!r:.40}: {code} {err[-300:]}")
    report("options and variables", count, wrong)


def test_an_odd_value_in_the_settings_file_is_refused_with_its_key(folder: Path, capfd) -> None:
    wrong, count = [], 0
    for name in OPTIONS:
        own = {"seeds": "[compare]\n", "report": "[run]\n", "on": "[stack]\n"}.get(name, "")
        for text in SAMPLE:
            if is_right(name, parsed(text)):
                continue
            count += 1
            (folder / "adaptx.toml").write_text(f"{own}{name.replace('_', '-')} = {text}\n", encoding="utf-8")
            code = main(["ls", "backbones"])
            err = capfd.readouterr().err
            if not refused(code, err) or name.replace("_", "-") not in err or "adaptx.toml" not in err:
                wrong.append(f"{name} = {text:.40}: {code} {err[-300:]}")
    report("adaptx.toml", count, wrong)


def test_an_odd_value_in_a_recipe_is_refused_with_its_key(folder: Path) -> None:
    wrong, count = [], 0
    keys = [
        name
        for name in OPTIONS
        if name in "seeds attack_seed rank layer lr epochs batch max_length max_train max_eval".split()
    ]
    for name in [*keys, "budget"]:
        for text in SAMPLE:
            value = parsed(text)
            right = is_right(name, value) and not isinstance(value, (str, list)) and not isinstance(value, dict)
            if right or (name == "seeds" and isinstance(value, list) and value and type(value[0]) is int):
                continue
            count += 1
            path = folder / "study.toml"
            lines = f'why = "x"\nintermediates = ["squad"]\ntargets = ["pawsx"]\n{name} = {text}\n'
            path.write_text(lines, encoding="utf-8")
            try:
                read_recipe(path)
                wrong.append(f"{name} = {text:.40} was accepted")
            except UsageError as error:
                if name not in str(error):
                    wrong.append(f"{name} = {text:.40}: {error}")
    report("recipes", count, wrong)


def test_an_odd_hyperparameter_on_a_page_is_refused_with_its_key(folder: Path) -> None:
    wrong, count = [], 0
    page = (PAGES / "mnli.toml").read_text(encoding="utf-8").replace('name = "mnli"', 'name = "mine"')
    page = page[: page.index("[defaults")]
    for name, kind in TRAINING.items():
        for table in ("defaults", "defaults.lora"):
            for text in SAMPLE:
                if kind.wrong(parsed(text)) is None and text not in ("true", "false", "nan", "inf", "-1", '"many"'):
                    continue
                count += 1
                path = folder / "mine.toml"
                path.write_text(f"{page}\n[{table}]\n{name} = {text}\n", encoding="utf-8")
                try:
                    page_at(path)
                    wrong.append(f"[{table}] {name} = {text:.40} was accepted")
                except UsageError as error:
                    if name not in str(error):
                        wrong.append(f"[{table}] {name} = {text:.40}: {error}")
    report("pages", count, wrong)


def changed(page: str, key: str, text: str) -> str:
    lines = [line for line in page.splitlines() if not line.startswith(f"{key} =")]
    at = next(number for number, line in enumerate(lines) if line.startswith("name ="))
    return "\n".join([*lines[: at + 1], f"{key} = {text}", *lines[at + 1 :]]) + "\n"


PAGE_FAULTS = {
    "labels that differ in case": ("labels", '["A", "a"]'),
    "one label": ("labels", '["A"]'),
    "mixes itself": ("mixes", '["mine", "snli"]'),
    "mixes what is not there": ("mixes", '["snli", "snlu"]'),
    "trains on what is not there": ("trains_on", '["sqaud"]'),
    "order": ("defaults", '{order = "evil"}'),
    "unknown method table": ("defaults", "{lara = {rank = 1}}"),
}


@pytest.mark.parametrize("case", PAGE_FAULTS)
def test_a_page_that_contradicts_itself_or_the_catalog_is_refused(case: str, folder: Path) -> None:
    key, text = PAGE_FAULTS[case]
    page = (PAGES / "mnli.toml").read_text(encoding="utf-8").replace('name = "mnli"', 'name = "mine"')
    page = page.replace('trains_on = ["mnli"]', 'trains_on = ["mine"]')
    (folder / "mine.toml").write_text(page, encoding="utf-8")
    assert page_at(folder / "mine.toml").name == "mine"
    (folder / "mine.toml").write_text(changed(page[: page.index("[defaults")], key, text), encoding="utf-8")
    with pytest.raises(UsageError, match=key):
        page_at(folder / "mine.toml")


DEEP = {
    "lists": "x = " + "[" * 100_000 + "]" * 100_000,
    "tables": "x = " + "{a = " * 5000 + "1" + "}" * 5000,
    "some lists": "x = " + "[" * 60 + "]" * 60,
    "keys": ".".join(["a"] * 3000) + " = 1",
    "a long number": "seed = " + "9" * 10_000,
    "a long key": "x" * 1_000_000 + " = 1",
    "a long text": 'backbone = "' + "x" * 5_000_000,
    "no end": "x = [",
    "zero byte": "x = \0",
}


@pytest.mark.parametrize("case", DEEP)
def test_a_file_that_is_deep_or_long_is_refused_in_every_reader(case: str, folder: Path, capfd) -> None:
    (folder / "study.toml").write_text(DEEP[case], encoding="utf-8")
    assert main(["run", "study.toml", "--dry-run"]) == Exit.USAGE
    assert main(["show", "study.toml"]) == Exit.USAGE
    assert main(["fetch", "study.toml"]) in (Exit.USAGE, Exit.FAILED)
    (folder / "study.toml").rename(folder / "adaptx.toml")
    capfd.readouterr()
    assert main(["ls", "backbones"]) == Exit.USAGE
    assert len(capfd.readouterr().err) < 6000


def test_the_table_has_every_hyperparameter_and_every_variable() -> None:
    assert set(TRAINING) == set(Optimisation.__dataclass_fields__)
    read = set()
    for name in COMMANDS:
        command = cli.get_command(click.Context(cli), name)
        read |= {parameter.envvar for parameter in command.params if getattr(parameter, "envvar", None)}
    assert read == set(map(variable, OPTIONS))


def test_a_misspelt_variable_is_an_error_with_the_nearest_name_and_a_line_of_doctor(monkeypatch, capfd) -> None:
    monkeypatch.setenv("ADAPTX_SEDE", "1")
    assert main(["ls", "backbones"]) == Exit.USAGE
    assert "did you mean ADAPTX_SEED?" in capfd.readouterr().err
    assert main(["doctor"]) == Exit.FAILED
    assert "ADAPTX_SEDE: nothing reads it" in capfd.readouterr().out


@pytest.mark.parametrize(
    ("other", "told"),
    [
        ("charswap", "--attack 'charswap' are one attack"),
        ("charswap:operations=swap", "--attack 'charswap:operations=swap' are one"),
    ],
)
def test_an_attack_that_is_asked_for_twice_is_refused(other: str, told: str, capfd) -> None:
    assert main([*PLAN, "--attack", "charswap", "--attack", other]) == Exit.USAGE
    assert told in capfd.readouterr().err


def test_names_that_are_no_texts_of_the_table_are_told_apart() -> None:
    assert Names(("a", "b")).wrong("c") == "'c' is none of a, b"
    assert OPTIONS["rank"].wrong(4096) is None
    assert "from 1 to 4,096" in str(OPTIONS["rank"].wrong(4097))
