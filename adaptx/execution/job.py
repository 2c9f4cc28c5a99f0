"""How requests are carried out: `Job`, never part of an id, and its JSON for the processes of a launch.

Owns the text that travels; a process that reads it plans again and arrives at the same ids.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from adaptx.planning.choices import Choices
from adaptx.planning.request import PlannedRequest, Request
from adaptx.store import Store
from adaptx.training.settings import ComputeSettings

if TYPE_CHECKING:
    from adaptx.steps.progress import ProgressCallback
    from adaptx.store import StoreView

__all__ = ["Executor", "Job", "Work", "job_from_json", "job_to_json"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Where and how steps are computed, how strict rows are read, and whether weights are kept after use."""

    how: ComputeSettings
    strict: bool = False
    keep: str = "needed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What an executor gets: plans, the store's view, and whom to tell.

    ``missing`` are the ids that were not in the store; ``on_made`` is called with the id of every step made here.
    """

    planned: Sequence[PlannedRequest]
    missing: frozenset[str]
    view: StoreView
    job: Job
    report: ProgressCallback
    on_made: Callable[[str], None]


class Executor(Protocol):
    """Has every missing step made, here or elsewhere; the store is where results meet."""

    def submit(self, work: Work) -> None:
        """Return when every missing step is in the store; raise `AdaptxError` where one cannot be made."""
        ...


def job_to_json(requests: Sequence[Request], store: Store, job: Job) -> dict[str, object]:
    """Return a job as plain JSON values, for the processes of a launch."""
    how = {key: str(value) if isinstance(value, Path) else value for key, value in asdict(job.how).items()}
    return {
        "store": str(store.root.resolve()),
        "requests": [{**asdict(request), "choices": request.choices.to_json()} for request in requests],
        "job": {"how": how, "strict": job.strict, "keep": job.keep},
    }


def job_from_json(value: Mapping[str, Any]) -> tuple[list[Request], Store, Job]:
    """Return what `job_to_json` was given."""
    how = {**value["job"]["how"]}
    how["hostfile"] = Path(how["hostfile"]) if how["hostfile"] else None
    requests = [
        Request(
            choices=Choices.from_json(item["choices"]), names=tuple(item["names"]), on=item["on"], cells=item["cells"]
        )
        for item in value["requests"]
    ]
    return requests, Store(Path(value["store"])), Job(**{**value["job"], "how": ComputeSettings(**how)})
