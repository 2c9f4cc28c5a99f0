"""The victim: a model as an attack may see it, and the budget of questions it may be asked.

Owns the replies and `Budget`; never calls the model itself (`adaptx.robustness.engine` does, for hundreds of examples
at once). An attack that declared ``needs="labels"`` gets replies that *have* no score, so it cannot read one by
mistake.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from adaptx.tasks.example import AnswerValue, Prediction
    from adaptx.tasks.forms import Goal

__all__ = ["Budget", "Needs", "Reply", "ScoredReply", "reply"]

Needs = Literal["labels", "scores"]
"""The threat model: what a reply tells beside whether the goal is reached."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a victim tells of one candidate: whether the goal is reached, and its answer (see `AnswerValue`)."""

    reached: bool
    answer: AnswerValue


@dataclass(frozen=True, slots=True)
class ScoredReply(Reply):
    """A reply with the goal's score: how near the attack is, higher is nearer."""

    score: float


@dataclass(slots=True)
class Budget:
    """Questions that one example is worth; every candidate counts as one, whether the answer was known or not."""

    total: int
    spent: int = 0

    @property
    def left(self) -> int:
        """How many more candidates may be asked."""
        return self.total - self.spent


def reply(needs: Needs, goal: Goal, prediction: Prediction) -> Reply:
    """Return as much of an answer as ``needs`` allows."""
    reached, score = goal
    answer = prediction.answer
    return ScoredReply(reached, answer, score) if needs == "scores" else Reply(reached, answer)
