"""The averages of XTREME and XTREME-R (evaluate.py): over the languages of a task, over tasks, over groups of tasks.

Owns the averages and what belongs to each benchmark; scores may be on any scale. Means are unweighted; the score of a
question answering task is (EM + F1) / 2; a group has a mean only when all of its tasks are there, the benchmark only
when all of its are. The official tables of XTREME-R list XCOPA in two groups, which is kept, and leave LAReQA without
languages, so that they never give an overall mean; here LAReQA counts where somebody has scored it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TypedDict

from adaptx.errors import DataFault, UnknownName

__all__ = ["GROUPS", "TASKS", "Averages", "averages", "task_averages"]

GROUPS: Mapping[str, Mapping[str, Sequence[str]]] = {
    "xtreme": {
        "classification": ("pawsx", "xnli"),
        "tagging": ("udpos", "panx"),
        "qa": ("xquad", "mlqa", "tydiqa"),
        "retrieval": ("bucc2018", "tatoeba"),
    },
    "xtreme-r": {
        "classification": ("xnli", "xcopa"),
        "tagging": ("udpos", "panx"),
        "qa": ("xquad", "mlqa", "tydiqa"),
        "retrieval": ("tatoeba", "mewslix"),
        "multi_choice": ("xcopa",),
    },
}
TASKS: Mapping[str, frozenset[str]] = {
    "xtreme": frozenset("pawsx xnli udpos panx xquad mlqa tydiqa bucc2018 tatoeba".split()),
    "xtreme-r": frozenset("xnli xcopa udpos panx xquad mlqa tydiqa tatoeba lareqa mewslix".split()),
}
MAIN = ("avg_f1", "avg_accuracy", "avg_map@20")  # the first that a task has is its score

Languages = Mapping[str, float]
Scores = Mapping[str, Mapping[str, Languages]]  # task -> metric -> language -> score


class Averages(TypedDict):
    """The averages of every task, and the means over tasks by group."""

    tasks: dict[str, dict[str, float]]
    overall: dict[str, float]


def task_averages(metrics: Mapping[str, Languages]) -> dict[str, float]:
    """Return ``avg_<metric>`` over languages for each metric of a task, and ``avg_metric``, the one that counts.

    Raises `DataFault` for a metric without languages, and for a task without a metric that counts.
    """
    empty = [metric for metric, languages in metrics.items() if not languages]
    if empty:
        raise DataFault(f"no language is scored by {', '.join(empty)}", hint="leave the task out")
    means = {f"avg_{metric}": sum(languages.values()) / len(languages) for metric, languages in metrics.items()}
    counted = [means[name] for name in MAIN if name in means]
    if "avg_exact_match" in means and counted:
        return means | {"avg_metric": (means["avg_exact_match"] + means["avg_f1"]) / 2}
    if not counted:
        raise DataFault(f"no metric of a benchmark among {', '.join(metrics) or 'none'}", hint=f"one of {MAIN}")
    return means | {"avg_metric": counted[0]}


def averages(scores: Scores, benchmark: str, groups: Mapping[str, Sequence[str]] | None = None) -> Averages:
    """Return ``{"tasks": {task: averages}, "overall": {group: mean}}``, with ``all_task`` when nothing is missing.

    ``groups`` replaces the benchmark's own. Raises `UnknownName` for a benchmark that is neither xtreme nor xtreme-r.
    """
    if benchmark not in GROUPS:
        raise UnknownName("benchmark", benchmark, GROUPS)
    tasks = {task: task_averages(metrics) for task, metrics in scores.items()}
    wanted = {"all_task": TASKS[benchmark], **(groups or GROUPS[benchmark])}
    overall = {group: _mean(tasks, members) for group, members in wanted.items() if set(members) <= tasks.keys()}
    return {"tasks": tasks, "overall": overall}


def _mean(tasks: Mapping[str, Mapping[str, float]], members: Collection[str]) -> float:
    return sum(tasks[task]["avg_metric"] for task in sorted(members)) / len(members)
