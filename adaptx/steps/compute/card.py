"""The card of a trained adapter: what it is, what it stands on, how it was trained, under which licence.

Owns the text of ``card.md``; a person who finds the folder without adaptx can read there what the tensors mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from adaptx.escaping import markdown
from adaptx.spec import TrainSpec

if TYPE_CHECKING:
    from adaptx.steps.step import Step

__all__ = ["card"]


def card(step: Step, backbone: str, best: Mapping[str, float | None]) -> str:
    """Return the Markdown card of a train step."""
    spec, tasks = step.spec, (step.task, *step.others)
    assert isinstance(spec, TrainSpec), "cards are for train steps"
    how = spec.optimisation
    score = "not measured" if best["score"] is None else f"{best['score']:.4f} at step {best['step']}"
    read = [spec.rows, *(other.rows for other in spec.others)]
    facts = {
        "task": "; ".join(f"{task.name} ({task.title})" for task in tasks),
        "labels": "; ".join(", ".join(task.labels) or "none" for task in tasks),
        "backbone": f"{backbone} at {spec.backbone}",
        "method": spec.method.name,
        "stands on": spec.below or "the backbone alone",
        "rows": "; ".join(f"{rows.source}, {rows.language}, {rows.split}, {rows.revision}" for rows in read),
        "trained": f"lr {how.lr:g}, {how.epochs:g} epochs, batch {how.batch}, {how.order} order, {spec.precision}",
        "seed": str(spec.seed),
        f"best dev {' and '.join(dict.fromkeys(filter(None, (task.metric for task in tasks))))}": score,
        "data licence": "; ".join(dict.fromkeys(task.licence for task in tasks)),
        "cite": ", ".join(dict.fromkeys(task.cite for task in tasks)),
        "adaptx id": step.id,
    }
    rows = "\n".join(
        f"| {markdown(name, inline=True)} | {markdown(value, inline=True)} |" for name, value in facts.items()
    )
    return f"# {markdown(step.name, inline=True)}\n\n| | |\n|---|---|\n{rows}\n"
