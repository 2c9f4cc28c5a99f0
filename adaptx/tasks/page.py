"""What may stand on a task's page: one rule a key, and the agreements between keys.

Owns the rules and the reader, which makes a `Task` of a page and tells every mistake at once, with the key and the
nearest allowed one, because a page is written by people who should not have to run adaptx once per typo. A rule
returns what is wrong with a value, in words, or None. Agreements look only at keys that are right by themselves, so
that one typo is told once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import takewhile
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from adaptx import validation
from adaptx.errors import AdaptxError
from adaptx.methods import Method, Values, method_named, method_names
from adaptx.options import TRAINING
from adaptx.tasks.forms import form_named
from adaptx.tasks.task import HubOverride, Task

if TYPE_CHECKING:
    from adaptx.tasks.forms import Form
    from adaptx.validation import Rule

__all__ = ["LANGUAGE", "NAME", "SPLITS", "joined", "listed", "mistakes_of", "read_page"]

SPLITS = ("train", "dev", "test")
NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?(-([a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*")
OPTIONS = "options"  # of a choice: one column with a list, or a column each
GRADED = ("pearson",)  # metrics of grades, which have a range in place of labels
HUB_KEYS = ("revision", "hub_config", "hub_language", "hub_splits", "hub_columns")


def mistakes_of(page: Mapping[str, Any]) -> list[str]:
    """Return every mistake of a parsed page, one line each; none means that `Task` can be built."""
    wrong = {key: told for key, rule in RULES.items() if key in page and (told := rule(page[key]))}
    right = {key: value for key, value in page.items() if key in RULES and key not in wrong}
    missing = (key for key in RULES if key in REQUIRED and key not in page)
    return [
        *validation.unknown(page, RULES),
        *(f"missing key {key!r}" for key in missing),
        *(f"{key}: {told}" for key, told in wrong.items()),
        *_agreements(right),
    ]


def _range(value: Any) -> str | None:
    is_pair = isinstance(value, list) and [type(end) in (int, float) for end in value] == [True, True]
    return None if is_pair and value[0] < value[1] else f"{value!r} is not [least, most]"


def _form(value: Any) -> str | None:
    return _refused(lambda: form_named(str(value)))


def _defaults(value: Any) -> str | None:
    """Want numbers of training for every method, and a table for each method that the page has its own for."""
    if not isinstance(value, dict):
        return f"{value!r} is not a table"
    tables = {key: inner for key, inner in value.items() if key in method_names()}
    shared = {key: inner for key, inner in value.items() if key not in tables}
    told = list(_unlike_numbers(shared, (*TRAINING, *method_names())))
    for name, table in tables.items():
        if not isinstance(table, dict):
            told.append(f"{name} = {table!r} is not a table")
            continue
        told += [f"{name}: {wrong}" for wrong in _unlike_method(table, name)]
    return "; ".join(told) or None


def _unlike_method(table: Values, name: str) -> Iterator[str]:
    method: Method = method_named(name)
    own = {parameter.name for parameter in method.parameters}
    yield from _unlike_numbers({key: value for key, value in table.items() if key not in own}, (*TRAINING, *own))
    if told := _refused(lambda: method.values({key: value for key, value in table.items() if key in own})):
        yield told


def _unlike_numbers(table: Values, known: Sequence[str]) -> Iterator[str]:
    for key, value in table.items():
        if key not in TRAINING:
            yield f"unknown {key!r}{validation.near(key, known)}"
        elif wrong := TRAINING[key].wrong(value):
            yield f"{key} = {wrong}"


def _refused(read: Callable[[], object]) -> str | None:
    """Return why ``read`` refuses, with what would work, or None."""
    try:
        read()
    except AdaptxError as error:
        return f"{error}; {error.hint}" if error.hint else str(error)
    return None


def _labels(value: Any) -> str | None:
    told = validation.list_of(validation.text, least=2)(value)
    if told is None and len({label.casefold() for label in value}) < len(value):
        return f"{value!r} has labels that differ in nothing but case"
    return told


NAMED = validation.matching(NAME, "a name of small letters, digits, - and _")
TAGGED = validation.matching(LANGUAGE, "a BCP-47 tag such as de, zh-Hant or pt-BR")
WORDED = validation.matching(validation.WORD, "a single name without a path in it")
HUB = validation.matching(validation.HUB_ID, "a hub id, namespace/name")
COMMITTED = validation.matching(validation.COMMIT, "a commit of 40 hex digits")
SPLIT_KEYS = ("splits", "hub_splits")
OURS = validation.one_of(*SPLITS)
UPSTREAM_SPLITS = validation.table(OURS, validation.either(WORDED, validation.list_of(WORDED), list))
COLUMNS = validation.table(
    validation.text, validation.either(validation.text, validation.list_of(validation.text), list)
)
ORIGIN = validation.record(
    {"languages": validation.table(TAGGED, WORDED), "hub": HUB, "revision": COMMITTED}, "languages"
)

RULES: Mapping[str, Rule] = {
    "name": NAMED,
    "version": validation.whole,
    "form": _form,
    "title": validation.text,
    "metric": validation.text,
    "chance": validation.share,
    "licence": validation.text,
    "cite": validation.text,
    "trains_on": validation.list_of(NAMED, least=0),
    "languages": validation.table(TAGGED, WORDED),
    "splits": UPSTREAM_SPLITS,
    "columns": COLUMNS,
    "fields": validation.table(validation.text, validation.flag),
    "labels": _labels,
    "labels_file": WORDED,
    "folder": WORDED,
    "folders": validation.table(TAGGED, WORDED),
    "folder_labels": validation.list_of(validation.text),
    "hub": HUB,
    "revision": COMMITTED,
    "hub_config": WORDED,
    "hub_language": validation.text,
    "hub_splits": validation.table(OURS, validation.either(WORDED, validation.list_of(WORDED, least=0), list)),
    "hub_columns": COLUMNS,
    "elsewhere": ORIGIN,
    "translations": ORIGIN,
    "extra_languages": validation.list_of(TAGGED),
    "sizes": validation.table(
        OURS, validation.either(validation.whole, validation.table(TAGGED, validation.whole), dict)
    ),
    "gold_splits": validation.list_of(OURS),
    "parallel": validation.text,
    "group": validation.text,
    "repair": validation.either(validation.text, validation.list_of(validation.text), list),
    "holdout": validation.share,
    "report_split": OURS,
    "defaults": _defaults,
    "training_languages": validation.list_of(TAGGED),
    "scorer": validation.text,
    "layout": validation.one_of("bitext", "sentences", "entities"),
    "query_language": TAGGED,
    "range": _range,
    "mixes": validation.list_of(NAMED),
}
REQUIRED = {
    *("name", "version", "form", "title", "metric", "chance", "licence", "cite", "trains_on"),
    *("languages", "splits", "columns", "fields", "folder"),
}


def _agreements(page: Mapping[str, Any]) -> Iterator[str]:
    if "form" in page:
        yield from _form_agreements(page, form_named(page["form"]))
    yield from _split_agreements(page)
    yield from _language_agreements(page)
    if page.get("name") in page.get("mixes", ()):
        yield f"mixes: {page['name']!r} cannot be mixed of itself"
    hubless = (key for key in HUB_KEYS if key in page and "hub" not in page)
    yield from (f"{key}: of what? hub is missing" for key in hubless)


def _split_agreements(page: Mapping[str, Any]) -> Iterator[str]:
    splits = page.get("splits", {})
    named = {"report_split": [page.get("report_split", "test")]}
    named |= {key: list(page.get(key, ())) for key in ("hub_splits", "sizes", "gold_splits")}
    for key, names in named.items() if splits else ():
        yield from (
            f"{key}: {name!r} is not among the splits{validation.near(name, splits)}"
            for name in names
            if name not in splits
        )
    gold = page.get("gold_splits", list(splits))
    learnt = [page.get("report_split", "test"), *(name for name in ("train", "dev") if name in splits)]
    yield from (
        f"gold_splits: {name!r} is learnt from or reported, so it needs gold" for name in learnt if name not in gold
    )
    if "holdout" in page and splits.get("dev") != splits.get("train"):
        yield "holdout: dev is cut from train, so both must name the same upstream split"


def _language_agreements(page: Mapping[str, Any]) -> Iterator[str]:
    if "languages" not in page:
        return
    declared = {*page["languages"], *page.get("elsewhere", {}).get("languages", ())}
    named = {"folders": page.get("folders", {}), "extra_languages": page.get("extra_languages", ())}
    if "train" in page.get("splits", {}):
        named["training_languages"] = page.get("training_languages", ["en"])
    for key, tags in named.items():
        yield from (
            f"{key}: {tag!r} is not declared{validation.near(tag, declared)}" for tag in tags if tag not in declared
        )
    twice = declared.intersection(page["languages"], page.get("elsewhere", {}).get("languages", ()))
    yield from (f"elsewhere: {tag!r} is in languages too" for tag in sorted(twice))


def _form_agreements(page: Mapping[str, Any], form: Form) -> Iterator[str]:
    if "metric" in page and page["metric"] not in form.metrics:
        yield f"metric: form {form.name} has no {page['metric']!r}{validation.near(page['metric'], form.metrics)}"
    for repair in listed(page.get("repair", [])):
        if repair not in form.repairs:
            yield f"repair: form {form.name} has no {repair!r}{validation.near(repair, form.repairs)}"
    if "scorer" in page and page["scorer"] not in form.scorers:
        yield f"scorer: form {form.name} has no {page['scorer']!r}{validation.near(page['scorer'], form.scorers)}"
    if "metric" in page and ("range" in page) != (page["metric"] in GRADED):
        yield f"range: pages with metric {' or '.join(GRADED)} have one, and no others"
    labelled = form.labelled and "range" not in page
    if labelled != ("labels" in page or "labels_file" in page):
        what = "grades have" if "range" in page else f"form {form.name} {'needs' if labelled else 'has'}"
        yield f"labels: {what}{'' if labelled else ' no'} labels"
    if form.searches and "fields" in page and "layout" not in page and "item" not in page["fields"]:
        yield "fields: what is searched is neither a field 'item' nor laid out in files of its own (layout)"
    if "columns" in page and "fields" in page:
        needed = [*page["fields"], *(column for column in form.columns if column not in page["fields"])]
        yield from (f"columns: {name!r} is missing" for name in needed if name not in page["columns"])
        several = (name for name, column in page["columns"].items() if isinstance(column, list) and name != OPTIONS)
        yield from (f"columns: {name!r} is one column, only {OPTIONS!r} may be several" for name in several)
        for key in ("columns", "hub_columns"):
            unread = (name for name in page.get(key, ()) if name not in (*needed, "id"))
            yield from (
                f"{key}: {name!r} is read by nothing{validation.near(name, (*needed, 'id'))}" for name in unread
            )


def joined(value: Any) -> Any:
    """Return a page with every list of tables as one table, so that forty languages need ten lines and not forty.

    A list that names something twice stays as it is: the rule of its key then says that it is no table.
    """
    if isinstance(value, dict):
        return {key: joined(inner) for key, inner in value.items()}
    if not isinstance(value, list) or not value or not all(isinstance(inner, dict) for inner in value):
        return value
    table = {key: inner for part in value for key, inner in part.items()}
    return table if len(table) == sum(map(len, value)) else value


def listed(value: Any) -> list[Any]:
    """Return a key that may be one value or a list of them as a list."""
    return list(value) if isinstance(value, list) else [value]


def read_page(text: str, where: str) -> Task:
    """Return the task of a TOML page; ``where`` names the page in messages.

    Raises `UsageError` that lists every mistake of the page.
    """
    page = joined(validation.read_toml(text, where))
    validation.refuse(where, mistakes_of(page))
    absent: dict[str, object] = {"labels": (), "hub": None, "revision": None}
    plain = {key: _frozen(value) for key, value in page.items() if key != "repair"}
    return Task(**absent | plain | _resolved(page), notes=_notes(text))


def _notes(text: str) -> str:
    """Return the comment with which a page begins: what a reader must know of the data."""
    head = takewhile(lambda line: line.startswith("#"), text.splitlines())
    return " ".join(line.removeprefix("#").strip() for line in head)


def _resolved(page: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keys whose value on a `Task` is not simply what the page says."""
    elsewhere, translations = (HubOverride(**_frozen(page.get(key, {}))) for key in ("elsewhere", "translations"))
    several = {key: {split: listed(names) for split, names in page.get(key, {}).items()} for key in SPLIT_KEYS}
    return {
        **{key: _frozen(value) for key, value in several.items()},
        "languages": _frozen({**page["languages"], **elsewhere.languages}),
        "elsewhere": elsewhere,
        "translations": translations,
        "gold_splits": tuple(page.get("gold_splits", page["splits"])),
        "repairs": tuple(listed(page.get("repair", []))),
    }


def _frozen(value: Any) -> Any:
    if isinstance(value, Mapping):
        return MappingProxyType({key: _frozen(inner) for key, inner in value.items()})
    return tuple(value) if isinstance(value, list) else value
