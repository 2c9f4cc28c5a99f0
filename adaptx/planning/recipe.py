"""Recipes: an experiment as a grid in a TOML file, which expands to the comparisons that `adaptx compare` would make.

Owns the keys of a recipe, each named as the option it stands for, and tells every mistake of a file at once. A recipe
holds *what* is computed and nothing of *how*; a value that it leaves out is that of the command line's default, not of
`adaptx.toml`, so that a recipe means the same on every machine. One recipe has one source: no table of it can mix the
generated world with real data.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adaptx import options, validation
from adaptx.data.source import is_generated
from adaptx.errors import AdaptxError, Missing, UsageError
from adaptx.methods import compared_methods, method_names
from adaptx.mini import suite
from adaptx.options import OPTIONS
from adaptx.planning.arms import Comparison, requests_of
from adaptx.planning.choices import (
    PER_TASK,
    PRECISIONS,
    SELECTIONS,
    Choices,
    PerTask,
    names_of,
    sampling_of,
    text_mix_of,
)
from adaptx.robustness.attack import attack_request
from adaptx.robustness.search import parse_search
from adaptx.tasks.catalog import tasks_named
from adaptx.tasks.page import LANGUAGE, SPLITS

if TYPE_CHECKING:
    from adaptx.planning.request import Request
    from adaptx.tasks.task import Task

__all__ = ["RULES", "Recipe", "is_recipe", "read_recipe"]

EVERYWHERE = "default"  # in a table of numbers by task or method: the number of all others

Mistake = tuple[str, str]  # the key, and what is wrong with it


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A grid of backbones, intermediate tasks and targets; ``choices`` is what all its comparisons share."""

    path: Path
    text: str
    why: str
    backbones: tuple[str, ...]
    intermediates: tuple[str, ...]
    targets: tuple[str, ...]
    methods: tuple[str, ...]
    seeds: tuple[int, ...]
    control: bool
    choices: Choices

    @property
    def name(self) -> str:
        """The file's name without its ending."""
        return self.path.stem

    def comparisons(self) -> list[Comparison]:
        """Return one comparison for each backbone, intermediate task and target, in the order of the file."""
        return [
            Comparison(
                intermediate=intermediate,
                target=target,
                seeds=self.seeds,
                methods=self.methods,
                control=self.control,
                choices=self.choices.with_(backbone=backbone),
            )
            for backbone, intermediate, target in product(self.backbones, self.intermediates, self.targets)
        ]

    def requests(self) -> list[Request]:
        """Return the requests of all comparisons; one that several share is planned for each, and made once."""
        return [request for comparison in self.comparisons() for request in requests_of(comparison)]


def read_recipe(path: Path) -> Recipe:
    """Read a recipe; raise `Missing` for no such file, `UsageError` that lists every mistake with its line."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise Missing(f"no recipe at {path}: {error.strerror}", hint="give the path of a TOML file") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not TOML in UTF-8: {error}") from error
    document = validation.read_toml(text, str(path))
    validation.refuse(str(path), [_told(text, *mistake) for mistake in _mistakes(document)])
    return _recipe(path, text, document)


def is_recipe(name: str) -> bool:
    """Say whether ``name`` is the path of a recipe, where a task or the page of one is possible too."""
    if not name.endswith(".toml") or not Path(name).is_file():
        return False
    try:
        return "why" in validation.read_toml(Path(name).read_text(encoding="utf-8"), name)
    except (UsageError, UnicodeDecodeError):
        return False


def _recipe(path: Path, text: str, document: Mapping[str, Any]) -> Recipe:
    seeds = document.get("seeds", 1)
    return Recipe(
        path=path,
        text=text,
        why=" ".join(document["why"].split()),
        backbones=tuple(document.get("backbones", (Choices().backbone,))),
        intermediates=tuple(document["intermediates"]),
        targets=tuple(document["targets"]),
        methods=tuple(document.get("methods", compared_methods())),
        seeds=tuple(range(seeds) if isinstance(seeds, int) else seeds),
        control=document.get("control", True),
        choices=_choices(document),
    )


def _choices(document: Mapping[str, Any]) -> Choices:
    asked: dict[str, Any] = {key: document[key] for key in PLAIN if key in document}
    asked |= {key: _per_task(document[key]) for key in PER_TASK if key in document}
    asked |= {key: tuple(document[key]) for key in ("languages", "attacks") if key in document}
    return Choices(**asked)


def _per_task(value: Any) -> PerTask:
    """Return a number or a table of them as the command line reads them: floats, so that they hash alike."""
    table = value if isinstance(value, dict) else {EVERYWHERE: value}
    named = {name: float(number) for name, number in table.items()}
    return PerTask(named.pop(EVERYWHERE, None), named)


def _told(text: str, key: str, wrong: str) -> str:
    """Return a mistake with the line where its key is first written, if it is."""
    found = re.search(rf"^[\[ \t]*[\"']?{re.escape(key)}[\"']?[ \t]*[=.\]]", text, re.MULTILINE)
    line = f"line {text.count(chr(10), 0, found.start()) + 1}: " if found else ""
    return f"{line}{key}: {wrong}"


def _mistakes(document: Mapping[str, Any]) -> Iterator[Mistake]:
    yield from ((key, "is missing") for key in REQUIRED if key not in document)
    if "why" in document and next(iter(document)) != "why":
        yield "why", "comes first: it says what the experiment is for"
    right: dict[str, object] = {}
    for key, value in document.items():
        if key not in RULES:
            yield key, f"unknown key{validation.near(key, RULES)}"
        elif wrong := RULES[key](value):
            yield key, wrong
        else:
            right[key] = value
    yield from _agreements(right)


def _agreements(right: Mapping[str, Any]) -> Iterator[Mistake]:
    """Yield what is wrong between keys that are right by themselves."""
    search = right.get("search", Choices().search)
    for text in right.get("attacks", ()):
        if wrong := _refused(lambda text: attack_request(text, search=search), text):
            yield "attacks", wrong
    targets = [task for name in right.get("targets", ()) for task in tasks_named(name)]
    for tag, task in product(right.get("languages", ()), targets):
        spoken = _languages(task, right.get("source", Choices().source))
        if tag not in spoken:
            yield "languages", f"{task.name} is not in {tag!r}{validation.near(tag, spoken)}"
    layers = [*targets, *(task for name in right.get("intermediates", ()) for task in tasks_named(name))]
    known = {EVERYWHERE, *names_of(layers)}
    for key in (key for key in PER_TASK if isinstance(right.get(key), dict)):
        yield from (
            (key, f"{name!r} is no task or method{validation.near(name, known)}")
            for name in right[key]
            if name not in known
        )


def _languages(task: Task, source: str) -> Collection[str]:
    """Return the languages of a task's page, or those that the generated world has the task in."""
    return suite.languages(task.base) if is_generated(source) and task.base in suite.TASKS else task.languages


def _refused(read: Callable[[str], object], text: str) -> str | None:
    """Return why ``read`` refuses ``text``, with what would work, or None."""
    try:
        read(text)
    except AdaptxError as error:
        return f"{error}; {error.hint}" if error.hint else str(error)
    return None


def _read_by(read: Callable[[str], object]) -> validation.Rule:
    return lambda value: validation.text(value) or _refused(read, value)


def _by_task(option: str) -> validation.Rule:
    kind = OPTIONS[option]
    assert isinstance(kind, options.PerTask)
    return validation.either(kind.number.wrong, validation.table(validation.text, kind.number.wrong), dict)


def _seeds(value: Any) -> str | None:
    if not isinstance(value, list):
        return OPTIONS["seeds"].wrong(value)
    told = f"{len(value):,} seeds are more than {options.MOST_SEEDS:,}" if len(value) > options.MOST_SEEDS else None
    return told or validation.list_of(options.SEED.wrong)(value)


def _method(value: Any) -> str | None:
    return validation.one_of(*method_names())(value)


TASKS = validation.list_of(_read_by(tasks_named))

RULES: Mapping[str, validation.Rule] = {
    "why": validation.text,
    "backbones": validation.list_of(validation.text),
    "intermediates": TASKS,
    "targets": TASKS,
    "methods": validation.list_of(_method),
    "seeds": _seeds,
    "control": validation.flag,
    "attacks": validation.list_of(validation.text),
    "languages": validation.list_of(validation.matching(LANGUAGE, "a BCP-47 tag such as de, zh-Hant or pt-BR")),
    "source": validation.text,
    "attack_seed": OPTIONS["attack_seed"].wrong,
    "rank": OPTIONS["rank"].wrong,
    "layer": OPTIONS["layer"].wrong,
    **{key: _by_task(key) for key in PER_TASK},
    "max_eval": OPTIONS["max_eval"].wrong,
    "split": validation.one_of(*SPLITS),
    "budget": OPTIONS["budget"].wrong,
    "search": _read_by(parse_search),
    "precision": validation.one_of(*PRECISIONS),
    "select": validation.one_of(*SELECTIONS),
    "sampling": _read_by(sampling_of),
    "mlm": _read_by(text_mix_of),
    "mlm_text": validation.text,
}
"""A rule for each key; those that are no key of the grid are the fields of `Choices`."""

REQUIRED = ("why", "intermediates", "targets")
GRID = (*REQUIRED, "backbones", "methods", "seeds", "control", "attacks", "languages")
PLAIN = tuple(key for key in RULES if key not in (*GRID, *PER_TASK))
