"""A step, the unit of work and of reuse, and what a kind of step has to answer.

Owns `Step`, the protocol `StepKind` and the table of kinds (entry-point group ``adaptx.steps``); may not know any kind
by name, nor import torch. A kind is a pair of files: a light record that plans, prices, checks and describes its
steps, and `compute` beside it, imported when a step is made. Kinds stand on each other (``after``): that is the order
of work.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from graphlib import TopologicalSorter
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, cast

from adaptx import registry
from adaptx.errors import PluginError
from adaptx.spec import Spec, content_id

if TYPE_CHECKING:
    from pathlib import Path

    from adaptx.backbone import BackboneRef
    from adaptx.robustness.attack import AttackRequest
    from adaptx.spec import MethodSpec, Optimisation, PartSpec, RowsSpec, Sampling
    from adaptx.store import StoredStep
    from adaptx.tasks.task import Task

__all__ = [
    "Compute",
    "Load",
    "Pricing",
    "ResolvedRequest",
    "Step",
    "StepKind",
    "compute_of",
    "kind_of",
    "kinds",
    "step",
]


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

    @property
    def tasks(self) -> tuple[Task, ...]:
        """The task, and those of a mixture beside it."""
        return (self.task, *self.others)


def step(
    spec: Spec,
    name: str,
    task: Task,
    parents: Mapping[str, str],
    language: str,
    *,
    others: tuple[Task, ...] = (),
    label: str = "",
) -> Step:
    """Return the step of a spec, with its id."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What a step costs: ``passes`` over ``rows`` of ``tokens`` each, forward or with ``training``; bytes kept."""

    rows: int
    tokens: float
    passes: float
    disk_bytes: int
    training: bool = False

    @property
    def total_tokens(self) -> float:
        """All tokens that a model reads."""
        return self.rows * self.tokens * self.passes


class Pricing(Protocol):
    """What a kind may ask when it prices a step."""

    def size(self, tasks: Sequence[Task], rows: Sequence[RowsSpec], limit: int) -> tuple[int, float]:
        """Return how many rows there are, and the mean tokens of one, cut at ``limit`` tokens an input."""
        ...

    def artefact_bytes(self, method: MethodSpec) -> int:
        """Return the bytes that a trained layer keeps on disk."""
        ...

    def load(self, step_id: str) -> Load:
        """Return the load of another step of the same plan."""
        ...


class ResolvedRequest(Protocol):
    """One stack that was asked for, resolved against pages, source and store: what kinds plan their steps from."""

    @property
    def layers(self) -> Sequence[tuple[Task, ...]]:
        """What each layer learns, bottom to top; masked language modelling is such a task."""
        ...

    @property
    def target(self) -> Task:
        """The task that is evaluated."""
        ...

    @property
    def backbone(self) -> BackboneRef:
        """The backbone with its revision."""
        ...

    @property
    def precision(self) -> str:
        """``bf16`` or ``fp32``."""
        ...

    @property
    def seed(self) -> int:
        """The seed of every training stage."""
        ...

    @property
    def languages(self) -> Sequence[str]:
        """The languages to evaluate in."""
        ...

    @property
    def split(self) -> str:
        """The split to evaluate."""
        ...

    @property
    def sampling(self) -> Sampling:
        """How a mixture turns to its tasks."""
        ...

    @property
    def layer(self) -> int | None:
        """Whose hidden states are read, None: as the form says."""
        ...

    @property
    def attacks(self) -> Sequence[tuple[str, AttackRequest]]:
        """What each evaluated cell is attacked with: as typed, and resolved."""
        ...

    def method(self, task: Task) -> MethodSpec:
        """Return how a task is learnt."""
        ...

    def optimisation(self, task: Task) -> Optimisation:
        """Return the numbers of a task's training."""
        ...

    def training_rows(self, task: Task) -> tuple[RowsSpec, RowsSpec | None]:
        """Return the rows to train on and those to select by, None where there are none."""
        ...

    def part(self, task: Task, first: Task) -> PartSpec:
        """Return one more task of a mixture whose ``first`` task sets the numbers."""
        ...

    def evaluation_rows(self, language: str) -> RowsSpec:
        """Return the rows of the target to evaluate in one language."""
        ...

    def pool(self, language: str) -> str:
        """Return the revision of what a retrieval cell reads beside its own rows, empty for other forms."""
        ...

    def evaluation_lengths(self) -> tuple[int, int]:
        """Return tokens per input and stride of a target that no layer was trained for."""
        ...


Planned = Mapping[str, Sequence[Step]]
"""The steps that are planned already, by kind."""


class StepKind(Protocol):
    """The light half of a kind of step."""

    name: str  # the spec's ``kind``, and a folder of the store
    after: tuple[str, ...]  # kinds whose steps it may stand on
    makes_layers: bool  # its steps are the layers of a stack, computed by all ranks together; others are dealt out
    compute: str  # ``module:function`` of the heavy half, see `Compute`

    def plan(self, asked: ResolvedRequest, planned: Planned) -> Iterator[Step]:
        """Yield the steps of this kind that a request needs, parents first."""
        ...

    def price(self, step: Step, pricing: Pricing) -> Load:
        """Return what a step will cost."""
        ...

    def recompute(self, record: StoredStep) -> Mapping[str, float] | None:
        """Return the scores as stored rows give them again, None where a step has none."""
        ...

    def summary(self, record: StoredStep) -> Mapping[str, object]:
        """Return what a list of results says of a step: its ``score``, and what the kind has of its own."""
        ...


class Compute(Protocol):
    """The heavy half: compute a step into ``work/staged`` and return the facts for its manifest."""

    def __call__(self, step: Step, stack: Any, work: Path) -> Mapping[str, object]:
        """``stack`` is a `steps.compute.stack_context.StackContext`."""
        ...


def kinds() -> tuple[StepKind, ...]:
    """Return every registered kind, each after those that it stands on; raise `PluginError` for a broken one."""
    return _kinds(tuple(registry.names(registry.STEPS)))


@lru_cache(maxsize=4)
def _kinds(names: tuple[str, ...]) -> tuple[StepKind, ...]:
    if not names:
        raise PluginError(f"nothing is registered under {registry.STEPS}", hint="install adaptx: pip install -e .")
    known: dict[str, StepKind] = {name: registry.load(registry.STEPS, name)() for name in names}
    order = TopologicalSorter({name: sorted(kind.after) for name, kind in sorted(known.items())})
    return tuple(known[name] for name in order.static_order() if name in known)


def kind_of(name: str) -> StepKind:
    """Return the kind called ``name``; raise `UnknownName`."""
    found = {kind.name: kind for kind in kinds()}
    if name not in found:
        registry.load(registry.STEPS, name)  # says what is known
    return found[name]


def compute_of(kind: StepKind) -> Compute:
    """Import the heavy half of a kind."""
    module, _, function = kind.compute.partition(":")
    return cast("Compute", getattr(import_module(module), function))
