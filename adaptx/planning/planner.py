"""Plans: choices and task pages become steps with ids, in the order in which they can run.

Owns `Step`, `StackPlan` and `Planner`; may not import torch nor run anything: revisions come from hashes and the
store's lock file, so a plan is made offline. Page, `adaptx.toml` and option values are resolved here, before hashing.
A task without training rows of its own (xnli, xquad) is evaluated with the stack whose top is its training
counterpart; one that needs no training (tatoeba, bucc) with whatever stack is there, or with the bare backbone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from adaptx.backbone import BackboneRef, resolve
from adaptx.data.parts import has_split, revision_of
from adaptx.data.retrieval_layouts import pool_revision
from adaptx.data.source import FolderSource, Source, fitted, open_source
from adaptx.errors import Incompatible, Missing, UnknownName, UsageError
from adaptx.methods import method_named
from adaptx.planning.choices import PER_TASK, Choices, names_of, sampling_of, text_mix_of
from adaptx.planning.hyperparameters import asked_number, method_spec, numbers_of, optimisation
from adaptx.planning.layers import layers_of, name_of, trained
from adaptx.robustness.attack import AttackRequest, attack_request
from adaptx.spec import (
    AttackSpec,
    EvalSpec,
    PartSpec,
    RowsSpec,
    Spec,
    TrainSpec,
    content_id,
    digest,
)
from adaptx.tasks.catalog import ALL
from adaptx.tasks.forms import form_named
from adaptx.tasks.mlm import MLM, MLM_VERSION, text_file

if TYPE_CHECKING:
    from adaptx.planning.layers import Layer
    from adaptx.store import Store
    from adaptx.tasks.task import Task

__all__ = ["Planner", "StackPlan", "Step", "asked_attack"]

NO_STRIDE = 128  # the neutral value, where no windows are cut


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One unit of work and of reuse: its id, the spec behind the id, and the steps that it stands on (by role)."""

    id: str
    kind: str
    name: str
    spec: Spec
    task: Task
    parents: Mapping[str, str]
    language: str
    others: tuple[Task, ...] = ()  # of a mixture: the tasks beside the first
    label: str = ""  # of an attack: as typed, so that two settings of one attack are two columns


@dataclass(frozen=True, slots=True, kw_only=True)
class StackPlan:
    """A stack and what is asked of it: ``layers`` bottom to top, one cell a language, the attacks on cells."""

    names: tuple[str, ...]
    target: Task
    layers: tuple[Step, ...]
    choices: Choices
    cells: tuple[Step, ...] = ()
    attacks: tuple[Step, ...] = ()

    @property
    def steps(self) -> tuple[Step, ...]:
        """All steps, parents first."""
        return (*self.layers, *self.cells, *self.attacks)

    @property
    def title(self) -> str:
        """The stack as people write it: ``squad → pawsx``."""
        return " → ".join(self.names) or "backbone"


def asked_attack(text: str, choices: Choices) -> AttackRequest:
    """Resolve ``NAME:key=value,...`` with the search, budget and seed that were chosen."""
    return attack_request(text, search=choices.search, budget=choices.budget, seed=choices.attack_seed)


class Planner:
    """Resolve choices against one store; every plan it makes shares the backbone's and the rows' revisions."""

    def __init__(self, choices: Choices, store: Store) -> None:
        method_named(choices.method)
        self.choices = choices
        self.store = store
        self.source: Source = open_source(choices.source, store)

    @cached_property
    def backbone(self) -> BackboneRef:
        """The backbone with its revision; raises `Missing` where neither the disk nor the lock file knows it."""
        return resolve(self.choices.backbone, self.store)

    @property
    def precision(self) -> str:
        """Asked for, or bf16; fp32 for the small backbone of the embedded world."""
        return self.choices.precision or ("fp32" if self.choices.backbone == "nano" else "bf16")

    def train(self, names: Sequence[str]) -> StackPlan:
        """Plan the training of a stack, without evaluation."""
        layers = self._fitted(trained(names))
        return self._plan(layers, layers[-1][0], tuple(self._train_steps(layers)))

    def stack(self, names: Sequence[str], on: str | None = None) -> StackPlan:
        """Plan the training, the evaluation in every language, and the attacks on each cell."""
        courses, target = layers_of(names, on)
        layers, target = self._fitted(courses), fitted(target, self.source)
        trained = tuple(self._train_steps(layers))
        cells = tuple(self._cell(trained, target, language) for language in self._languages(target))
        attacks = tuple(step for cell in cells for step in self._attacks(cell))
        return self._plan(layers, target, trained, cells, attacks)

    def _fitted(self, layers: Sequence[Layer]) -> tuple[Layer, ...]:
        return tuple(tuple(fitted(task, self.source) for task in course) for course in layers)

    def _plan(
        self,
        courses: Sequence[Layer],
        target: Task,
        layers: tuple[Step, ...],
        cells: tuple[Step, ...] = (),
        attacks: tuple[Step, ...] = (),
    ) -> StackPlan:
        names = tuple(name_of(course) for course in courses)
        return StackPlan(names=names, target=target, layers=layers, choices=self.choices, cells=cells, attacks=attacks)

    def _train_steps(self, layers: Sequence[Layer]) -> Iterator[Step]:
        below: Step | None = None
        _check_names(self.choices, layers)
        layers = self._with_text(layers)
        for depth, course in enumerate(layers):
            spec = self._train_spec(course, below)
            name = " → ".join(name_of(layer) for layer in layers[: depth + 1])
            parents = {"below": below.id} if below else {}
            below = _step(spec, name, course[0], parents, spec.rows.language, others=course[1:])
            yield below

    def _train_spec(self, course: Layer, below: Step | None) -> TrainSpec:
        task = course[0]
        if below and self.choices.method not in method_named(self.choices.method).stands_on:
            name = self.choices.method
            raise Incompatible(f"method {name!r} cannot be stacked: no layer of it can be under another", hint="--help")
        train, dev = self._training_rows(task)
        return TrainSpec(
            backbone=self.backbone.revision,
            method=method_spec(task, self.choices),
            rows=train,
            dev=dev,
            optimisation=optimisation(task, self.choices),
            below=below.id if below else None,
            seed=self.choices.seed,
            precision=self.precision,
            others=tuple(self._text_part(task) if other is MLM else self._part(other) for other in course[1:]),
            sampling=sampling_of(self.choices.sampling) if any(other is not MLM for other in course[1:]) else None,
        )

    def _with_text(self, layers: Sequence[Layer]) -> list[Layer]:
        """Return the layers with masked language modelling beside the tasks of every one but the target's."""
        if self.choices.mlm is None:
            return list(layers)
        below, top = layers[:-1], layers[-1:]
        return [(*course, MLM) for course in below or top] + list(top if below else ())

    @property
    def text_folder(self) -> Path:
        """Where the text of ``--mlm`` lies; raises `Missing` where neither an option nor a folder of rows says so."""
        if self.choices.mlm_text is not None:
            return Path(self.choices.mlm_text)
        if not isinstance(self.source, FolderSource):
            raise Missing(f"--mlm reads text of yours, which {self.source.name} has none of", hint="--mlm-text FOLDER")
        return self.source.folder / MLM.folder

    def _text_part(self, task: Task) -> PartSpec:
        tags, rate = text_mix_of(self.choices.mlm or "")
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
        return PartSpec(rows=rows, dev=None, max_length=optimisation(task, self.choices).max_length, share=rate)

    def _part(self, task: Task) -> PartSpec:
        train, dev = self._training_rows(task)
        lengths = optimisation(task, self.choices)
        return PartSpec(rows=train, dev=dev, max_length=lengths.max_length, stride=lengths.stride)

    def _training_rows(self, task: Task) -> tuple[RowsSpec, RowsSpec | None]:
        """Return the rows to train on and those to select by: in the same languages, else in the page's, else none."""
        languages = self._training_languages(task)
        limit = asked_number(self.choices.max_train, task, self.choices)
        heard = [tag for tag in languages if has_split(self.source, task, tag, "dev")]
        own = [tag for tag in task.training_languages if has_split(self.source, task, tag, "dev")]
        dev = self._rows(task, ",".join(heard or own), "dev") if heard or own else None
        return self._rows(task, ",".join(languages), "train", limit), dev

    def _training_languages(self, task: Task) -> list[str]:
        languages = list(task.learning_languages)
        if task.name == f"{task.base}@{ALL}":
            languages = [tag for tag in languages if has_split(self.source, task, tag, "train")]
        if not languages:
            raise Missing(f"the source has no training rows of {task.base} in any language", hint="--source FOLDER")
        return languages

    def _rows(self, task: Task, language: str, split: str, limit: int | None = None) -> RowsSpec:
        return RowsSpec(
            source=self.source.name,
            revision=revision_of(self.source, task, language, split),
            task=task.base,
            task_version=task.version,
            form=task.form,
            form_version=form_named(task.form).version,
            language=language,
            split=split,
            limit=limit,
        )

    def _split(self, task: Task) -> str:
        split = self.choices.split or task.report_split
        if split not in task.splits:
            raise UnknownName(f"split of {task.name}", split, task.splits)
        if split in task.unlabelled:
            raise UsageError(
                f"the labels of {task.name}, split {split}, are not published, so it cannot be evaluated",
                hint=f"--split {' or '.join(name for name in task.gold_splits if name != 'train')}",
            )
        return split

    def _languages(self, task: Task) -> list[str]:
        for language in self.choices.languages:
            if language not in task.languages:
                raise UnknownName(f"language of {task.name}", language, task.languages)
        split = self._split(task)
        spoken = list(self.choices.languages) or self._spoken(task, split)
        if not spoken:
            others = [name for name in task.gold_splits if name != "train" and self.source.languages(task, name)]
            hint = f"--split {' or '.join(others)}" if others else "--source FOLDER"
            raise Missing(f"the source has no rows of {task.name}, split {split}, in any language", hint=hint)
        return spoken

    def _spoken(self, task: Task, split: str) -> list[str]:
        if task.mixes:
            return [tag for tag in task.languages if has_split(self.source, task, tag, split)]
        return self.source.languages(task, split)

    def _cell(self, layers: Sequence[Step], task: Task, language: str) -> Step:
        top = layers[-1] if layers else None
        max_length, stride = self._lengths(top, task)
        spec = EvalSpec(
            stack=top.id if top else "",
            backbone="" if top else self.backbone.revision,
            rows=self._rows(task, language, self._split(task), self.choices.max_eval),
            metric=task.metric,
            metric_version=form_named(task.form).metrics[task.metric],
            max_length=max_length,
            stride=stride,
            precision=self.precision,
            layer=self._layer(task),
            pool=pool_revision(self.source, task, language, self._split(task)),
        )
        return _step(spec, f"{task.name} {language}", task, {"stack": top.id} if top else {}, language)

    def _lengths(self, top: Step | None, task: Task) -> tuple[int, int]:
        """Return tokens per input and stride: those of the training, or the page's where the task needs none."""
        if task.trains_on:
            assert top is not None, "a task that is trained for has a stack"
            assert isinstance(top.spec, TrainSpec), "a stack ends in a train step"
            return top.spec.optimisation.max_length, top.spec.optimisation.stride
        asked = asked_number(self.choices.max_length, task, self.choices)
        return asked or numbers_of(task, self.choices)["max_length"], NO_STRIDE

    def _layer(self, task: Task) -> int | None:
        if self.choices.layer is not None and task.form != "retrieval":
            raise UsageError(f"--layer means nothing to {task.name}: {task.form} reads the last layer")
        return self.choices.layer

    def _attacks(self, cell: Step) -> Iterator[Step]:
        if self.choices.attacks and not cell.task.attackable:
            raise Incompatible(
                f"{cell.task.name} cannot be attacked: its page opens no field",
                hint="where pairs are mined (bucc), no query is answered by itself: attack a search, e.g. tatoeba",
            )
        for text in self.choices.attacks:
            asked = asked_attack(text, self.choices)
            spec = AttackSpec(
                cell=cell.id,
                attack=asked.name,
                attack_version=asked.version,
                parameters=asked.parameters,
                search=asked.search,
                search_version=asked.search_version,
                budget=asked.budget,
                attack_seed=asked.seed,
            )
            yield _step(spec, f"{cell.name} {text}", cell.task, {"cell": cell.id}, cell.language, label=text)


def _check_names(choices: Choices, courses: Sequence[Layer]) -> None:
    """Raise `UnknownName` for ``--lr pawx=1e-4``: a value for nothing would be a value lost."""
    known = names_of(task for course in courses for task in course)
    for option in PER_TASK:
        for name in getattr(choices, option).named:
            if name not in known:
                raise UnknownName(f"task or method of --{option.replace('_', '-')}", name, known)


def _step(
    spec: Spec,
    name: str,
    task: Task,
    parents: Mapping[str, str],
    language: str,
    *,
    others: tuple[Task, ...] = (),
    label: str = "",
) -> Step:
    return Step(
        id=content_id(spec),
        kind=spec.kind,
        name=name,
        spec=spec,
        task=task,
        parents=dict(parents),
        language=language,
        others=others,
        label=label,
    )
