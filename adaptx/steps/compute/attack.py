"""Attack one evaluated cell: outcomes and scores, into a staged folder that the caller commits.

Outcomes are kept in a journal as they come, so that an interrupted attack goes on where it stopped.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from adaptx.robustness.attack import request_of_spec
from adaptx.robustness.engine import alphabets, attack_cell
from adaptx.steps.attack import attack_spec
from adaptx.steps.compute.staging import empty_staged, write_scores
from adaptx.steps.evaluate import eval_spec
from adaptx.tables import write_rows
from adaptx.tasks.forms import form_named

if TYPE_CHECKING:
    from adaptx.robustness.outcomes import Outcome
    from adaptx.steps.compute.stack_context import StackContext
    from adaptx.steps.step import Step

__all__ = ["JOURNAL", "compute"]

JOURNAL = "outcomes.jsonl"


def compute(step: Step, stack: StackContext, work: Path) -> Mapping[str, object]:
    """Attack one cell into ``work/staged``: outcomes.parquet and scores.json."""
    cell = stack.steps[step.parents["cell"]]
    spec = eval_spec(cell).rows
    rows = stack.rows.read(cell.task, spec).examples
    whole = stack.rows.read(cell.task, replace(spec, limit=None)).examples
    answers = stack.load(cell).answers(cell)
    clean = answers.predict(rows)
    journal = work / JOURNAL
    done = read_journal(journal)
    with journal.open("a", encoding="utf-8") as lines:

        def keep(outcome: Outcome) -> None:
            lines.write(json.dumps(outcome, ensure_ascii=False) + "\n")
            lines.flush()
            stack.report({"step": step.name, "phase": "attack", "at": len(done), "steps": len(rows)})
            done[outcome["id"]] = outcome

        attacked = attack_cell(
            answers,
            form_named(cell.task.form),
            cell.task,
            rows,
            clean,
            request_of_spec(attack_spec(step)),
            language=cell.language,
            alphabet=alphabets(whole, cell.task.attackable),
            done=dict(done),
            on_done=keep,
        )
    staged = empty_staged(work)
    write_rows(staged / "outcomes.parquet", attacked.outcomes)
    write_scores(staged, step.name, len(rows), attacked.scores, flags=attacked.flags)
    return {"rows": len(rows), "flags": attacked.flags, **attacked.facts}


def read_journal(path: Path) -> dict[str, Outcome]:
    """Return the outcomes that an interrupted run left; a line that was cut off is dropped from the file."""
    if not path.exists():
        return {}
    lines = path.read_bytes().split(b"\n")
    whole = lines[:-1]  # what follows the last newline was being written when the process died
    path.write_bytes(b"".join(line + b"\n" for line in whole))
    found: list[Outcome] = [json.loads(line) for line in whole]
    return {outcome["id"]: outcome for outcome in found}
