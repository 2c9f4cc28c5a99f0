"""One stack that was asked for, resolved: page, `adaptx.toml` and option values become the values that are hashed.

Owns `Resolver`, which answers what the kinds of step ask (`steps.step.ResolvedRequest`); may not import torch nor run
anything: revisions come from hashes and the store's lock file, so a plan is made offline.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from adaptx.backbone import BackboneRef, resolve
from adaptx.data.cell import Cell
from adaptx.data.parts import has_split, revision_of
from adaptx.data.retrieval_layouts import pool_revision
from adaptx.data.source import FolderSource, fitted
from adaptx.errors import Incompatible, Missing, UnknownName, UsageError
from adaptx.methods import method_named
from adaptx.planning.choices import PER_TASK, Choices, names_of, sampling_of, text_mix_of
from adaptx.planning.hyperparameters import asked_number, method_spec, numbers_of, optimisation
from adaptx.robustness.attack import AttackRequest, attack_request
from adaptx.spec import MethodSpec, Optimisation, PartSpec, RowsSpec, Sampling, digest
from adaptx.tasks.catalog import ALL
from adaptx.tasks.forms import form_named
from adaptx.tasks.mlm import MLM, MLM_VERSION, text_file

if TYPE_CHECKING:
    from adaptx.data.source import Source
    from adaptx.planning.layers import Layer
    from adaptx.store import Store
    from adaptx.tasks.task import Task

__all__ = ["Resolver"]

NO_STRIDE = 128  # the neutral value, where no windows are cut


class Resolver:
    """The layers and the target of one request, with its choices resolved against one source and store.

    Raises `UnknownName` for a method, or for ``--lr pawx=1e-4``: a value for nothing would be a value lost.
    """

    def __init__(
        self, choices: Choices, store: Store, source: Source, layers: Sequence[Layer], target: Task | None = None
    ) -> None:
        self.how = method_named(choices.method)
        self.choices, self.store, self.source = choices, store, source
        learnt = [tuple(fitted(task, source) for task in layer) for layer in layers]
        _check_names(choices, learnt)
        self.layers = _with_text(choices, learnt)
        self.target = fitted(target, source) if target else learnt[-1][0]

    @cached_property
    def backbone(self) -> BackboneRef:
        """The backbone with its revision; raises `Missing` where neither the disk nor the lock file knows it."""
        return resolve(self.choices.backbone, self.store)

    @property
    def precision(self) -> str:
        """Asked for, or bf16; fp32 for the small backbone of the embedded world."""
        return self.choices.precision or ("fp32" if self.choices.backbone == "nano" else "bf16")

    @property
    def seed(self) -> int:
        """The seed of every training stage."""
        return self.choices.seed

    @property
    def sampling(self) -> Sampling:
        """How a mixture turns to its tasks."""
        return sampling_of(self.choices.sampling)

    @cached_property
    def split(self) -> str:
        """The split to evaluate, asked for or the page's; raises `UnknownName`, `UsageError` where it has no gold."""
        task = self.target
        split = self.choices.split or task.report_split
        if split not in task.splits:
            raise UnknownName(f"split of {task.name}", split, task.splits)
        if split in task.splits_without_gold:
            raise UsageError(
                f"the labels of {task.name}, split {split}, are not published, so it cannot be evaluated",
                hint=f"--split {' or '.join(name for name in task.gold_splits if name != 'train')}",
            )
        return split

    @cached_property
    def languages(self) -> list[str]:
        """The languages to evaluate in, asked for or all that the source has; raises `UnknownName`, `Missing`."""
        task, source = self.target, self.source
        for language in self.choices.languages:
            if language not in task.languages:
                raise UnknownName(f"language of {task.name}", language, task.languages)
        available = list(self.choices.languages) or self._available()
        if not available:
            others = [name for name in task.gold_splits if name != "train" and source.languages(task, name)]
            hint = f"--split {' or '.join(others)}" if others else "--source FOLDER"
            raise Missing(f"the source has no rows of {task.name}, split {self.split}, in any language", hint=hint)
        return available

    def _available(self) -> list[str]:
        task = self.target
        if task.mixes:
            return [tag for tag in task.languages if has_split(Cell(self.source, task, tag, self.split))]
        return self.source.languages(task, self.split)

    @property
    def layer(self) -> int | None:
        """Whose hidden states are read; raises `UsageError` for a form that reads the last ones."""
        if self.choices.layer is not None and not form_named(self.target.form).reads_layer:
            raise UsageError(f"--layer means nothing to {self.target.name}: {self.target.form} reads the last layer")
        return self.choices.layer

    @cached_property
    def attacks(self) -> list[tuple[str, AttackRequest]]:
        """The attacks as typed, each resolved with the search, budget and seed that were chosen."""
        choices = self.choices
        asked: list[tuple[str, AttackRequest]] = []
        for text in choices.attacks:
            request = attack_request(text, search=choices.search, budget=choices.budget, seed=choices.attack_seed)
            same = next((other for other, earlier in asked if earlier == request), None)
            if same is not None:
                raise UsageError(f"--attack {same!r} and --attack {text!r} are one attack", hint="name it once")
            asked.append((text, request))
        return asked

    def method(self, task: Task) -> MethodSpec:
        """Return how a task is learnt; raises as `method_spec`, or `Incompatible` where it cannot be stacked."""
        if len(self.layers) > 1 and self.how.name not in self.how.stands_on:
            raise Incompatible(
                f"method {self.how.name!r} cannot be stacked: of {len(self.layers)} layers one would stand on another",
                hint="train one task with it, or stack by another --method",
            )
        return method_spec(task, self.choices)

    def optimisation(self, task: Task) -> Optimisation:
        """Return the numbers of a task's training: the page's, and what was asked for in their place."""
        return optimisation(task, self.choices)

    def training_rows(self, task: Task) -> tuple[RowsSpec, RowsSpec | None]:
        """Return the rows to train on and those to select by: in the same languages, else in the page's, else none."""
        languages = self._training_languages(task)
        limit = asked_number(self.choices.max_train, task, self.choices)
        same = [tag for tag in languages if has_split(Cell(self.source, task, tag, "dev"))]
        own = [tag for tag in task.training_languages if has_split(Cell(self.source, task, tag, "dev"))]
        dev = self._rows(task, ",".join(same or own), "dev") if same or own else None
        return self._rows(task, ",".join(languages), "train", limit), dev

    def part(self, task: Task, first: Task) -> PartSpec:
        """Return one more task of a mixture; text for masked language modelling is read at the first one's length."""
        if task is MLM:
            return self._text_part(first)
        train, dev = self.training_rows(task)
        lengths = self.optimisation(task)
        return PartSpec(rows=train, dev=dev, max_length=lengths.max_length, stride=lengths.stride)

    def evaluated_rows(self, language: str) -> RowsSpec:
        """Return the rows of the target to evaluate in one language."""
        return self._rows(self.target, language, self.split, self.choices.max_eval)

    def pool(self, language: str) -> str:
        """Return the revision of what a retrieval cell reads beside its own rows, empty for other forms."""
        return pool_revision(Cell(self.source, self.target, language, self.split))

    def evaluation_lengths(self) -> tuple[int, int]:
        """Return tokens per input, asked for or the page's, and no stride."""
        asked = asked_number(self.choices.max_length, self.target, self.choices)
        return asked or numbers_of(self.target, self.choices)["max_length"], NO_STRIDE

    @property
    def text_folder(self) -> Path | None:
        """Where the text of ``--mlm`` lies; raises `Missing` where neither an option nor a folder of rows says so."""
        if self.choices.mlm is None:
            return None
        if self.choices.mlm_text is not None:
            return Path(self.choices.mlm_text)
        if not isinstance(self.source, FolderSource):
            raise Missing(f"--mlm reads text of yours, which {self.source.name} has none of", hint="--mlm-text FOLDER")
        return self.source.folder / MLM.folder

    def _text_part(self, first: Task) -> PartSpec:
        tags, rate = text_mix_of(self.choices.mlm or "")
        assert self.text_folder is not None, "there is a part of text because --mlm was given"
        hashes = [self.store.sha256(text_file(self.text_folder, tag)) for tag in tags]
        rows = RowsSpec(
            source="folder",
            revision=f"files:{digest(hashes)}",
            task=MLM.name,
            task_version=MLM.version,
            form=MLM.form,
            form_version=MLM_VERSION,
            language=",".join(tags),
            split="train",
            limit=asked_number(self.choices.max_train, MLM, self.choices),
        )
        return PartSpec(rows=rows, dev=None, max_length=self.optimisation(first).max_length, share=rate)

    def _training_languages(self, task: Task) -> list[str]:
        languages = list(task.learning_languages)
        if task.name == f"{task.base}@{ALL}":
            languages = [tag for tag in languages if has_split(Cell(self.source, task, tag, "train"))]
        if not languages:
            raise Missing(f"the source has no training rows of {task.base} in any language", hint="--source FOLDER")
        return languages

    def _rows(self, task: Task, language: str, split: str, limit: int | None = None) -> RowsSpec:
        return RowsSpec(
            source=self.source.name,
            revision=revision_of(Cell(self.source, task, language, split)),
            task=task.base,
            task_version=task.version,
            form=task.form,
            form_version=form_named(task.form).version,
            language=language,
            split=split,
            limit=limit,
        )


def _with_text(choices: Choices, layers: Sequence[Layer]) -> list[Layer]:
    """Return the layers with masked language modelling beside the tasks of every one but the target's."""
    if choices.mlm is None:
        return list(layers)
    below, top = layers[:-1], layers[-1:]
    return [(*layer, MLM) for layer in below or top] + list(top if below else ())


def _check_names(choices: Choices, layers: Sequence[Layer]) -> None:
    known = names_of(task for layer in layers for task in layer)
    for option in PER_TASK:
        for name in getattr(choices, option).named:
            if name not in known:
                raise UnknownName(f"task or method of --{option.replace('_', '-')}", name, known)
