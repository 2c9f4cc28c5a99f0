"""A task is one TOML page of data: where rows come from, what columns mean, how it is scored, how it is learnt.

Owns `Task`; may not read rows, nor the page (`tasks.page` does). Code appears on a page only as the name of a repair
that its form provides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Annotated, Any, Never

__all__ = ["HubOverride", "Task"]

EMPTY: Mapping[str, Never] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class HubOverride:
    """Where some languages of a page are read from in the place of its own hub; in a local folder they lie together."""

    languages: Mapping[str, str] = field(default_factory=lambda: EMPTY)  # tag -> the hub's config
    hub: str | None = None  # None: in folders only
    revision: str | None = None


OrNull = Annotated[HubOverride, HubOverride | None]
"""In JSON null where it holds no language."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One page. Languages are BCP-47 tags mapped to the upstream's config; splits are ours mapped to the upstream's.

    A split that is several upstream splits (ANLI's rounds) is read in the order written, and its row numbers run on.
    """

    name: str
    version: int
    form: str
    title: str
    metric: str  # the main score's key, e.g. "accuracy", "f1"
    chance: float  # fraction
    licence: str
    cite: str
    trains_on: tuple[str, ...]  # training counterparts, bottom first; itself with rows of its own; () if it needs none
    languages: Mapping[str, str]  # those of `elsewhere` too
    splits: Mapping[str, tuple[str, ...]]  # "train", "dev", "test" -> upstream names; absence is the statement
    columns: Mapping[str, Any]  # field -> column, or the columns of a choice's options
    fields: Mapping[str, bool]  # field -> attackable by default, in reading order
    labels: tuple[str, ...]  # in the order of the upstream's indices
    folder: str
    hub: str | None
    revision: str | None  # 40 hex, only where a public source confirms it
    labels_file: str | None = None  # of a local folder: the labels, one a line, where they are too many for a page
    folders: Mapping[str, str] = field(default_factory=lambda: EMPTY)  # tag -> local sub-folder, where not the tag
    folder_labels: tuple[str, ...] = ()  # in the order of a local folder's indices, where that is another
    hub_config: str | None = None  # one config that holds all languages
    hub_language: str | None = None  # its column that tells them apart: `languages[tag]`, then "-" and anything
    hub_splits: Mapping[str, tuple[str, ...]] = field(
        default_factory=lambda: EMPTY
    )  # where the hub names them otherwise; () for one that it lacks
    hub_columns: Mapping[str, Any] = field(default_factory=lambda: EMPTY)  # likewise
    elsewhere: OrNull = HubOverride()  # languages that another hub data set holds, under the names of `columns`
    translations: OrNull = HubOverride()  # languages into which the training rows were translated by machine
    extra_languages: tuple[str, ...] = ()  # evaluated only when asked for: XTREME-R's, which enter no mean of XTREME's
    sizes: Mapping[str, int | Mapping[str, int]] = field(
        default_factory=lambda: EMPTY
    )  # split -> rows of each language, or by tag
    gold_splits: tuple[str, ...] = ()  # whose labels are published; none named on the page: all
    parallel: str | None = None  # column whose value translations share; None: the row number
    group: str | None = None  # column that clusters rows (premise, context); None: each row alone
    repairs: tuple[str, ...] = ()  # repairs of the form, by name, in order
    holdout: float | None = (
        None  # share of the train rows' groups that is our dev, where upstream's dev is not to be used
    )
    report_split: str = "test"  # the split that is evaluated by default
    defaults: Mapping[str, Any] = field(default_factory=lambda: EMPTY)  # numbers of training; method -> its own
    training_languages: tuple[str, ...] = ("en",)
    notes: str = ""  # the comment at the head of the page
    scorer: str = "squad_v1"  # of spans: squad_v1, squad_v2 (a question may have no answer), mlqa (by language)
    layout: str | None = None  # of retrieval data that are not one row a query and its item: `data.retrieval_layouts`
    query_language: str | None = None  # of retrieval: where queries are not in the cell's language (Tatoeba's English)
    range: tuple[float, float] | None = None  # of grades: least and most; None where rows have labels
    mixes: tuple[str, ...] = ()  # tasks whose rows together are this one's (ANLI+), under its one head
    learns_in: tuple[str, ...] = ()  # languages of the training rows, where a name such as ``pawsx@de`` chose them
    page: str | None = field(default=None, compare=False, repr=False)  # the TOML of a page that is not of the catalog

    @property
    def base(self) -> str:
        """The name of the page: that of ``pawsx@de`` is ``pawsx``."""
        return self.name.partition("@")[0]

    @property
    def learning_languages(self) -> tuple[str, ...]:
        """Languages of the training rows: the name's, else the page's."""
        return self.learns_in or self.training_languages

    def defaults_of(self, method: str) -> dict[str, object]:
        """Return what the page says for all methods, overridden by what it says for that one."""
        shared = {key: value for key, value in self.defaults.items() if not isinstance(value, Mapping)}
        return shared | dict(self.defaults.get(method, EMPTY))

    @property
    def attackable(self) -> tuple[str, ...]:
        """Fields that an attack may edit by default, in reading order."""
        return tuple(name for name, open_ in self.fields.items() if open_)

    @property
    def mines_pairs(self) -> bool:
        """Whether pairs are mined out of two lists (BUCC) and not queries answered: retrieval scored by F1."""
        return self.form == "retrieval" and self.metric == "f1"

    @property
    def splits_without_gold(self) -> tuple[str, ...]:
        """Declared splits whose gold is not published: predicted for a submission, never evaluated."""
        return tuple(split for split in self.splits if split not in self.gold_splits)
