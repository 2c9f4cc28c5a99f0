"""What a victim tells: as much as the threat model allows, and no more than the budget pays for."""

from __future__ import annotations

import pytest

from adaptx.robustness.replies import Budget, Reply, ScoredReply, reply
from adaptx.tasks.example import (
    ClassPrediction,
    RetrievalPrediction,
    SpanPrediction,
    TagPrediction,
    ValuePrediction,
)


def test_labels_come_without_a_score_and_scores_with_one() -> None:
    prediction = ClassPrediction(1, (-0.5, -0.9))
    plain, scored = (reply(needs, (True, 0.25), prediction) for needs in ("labels", "scores"))
    assert plain == Reply(True, 1)
    assert type(plain) is Reply
    assert not hasattr(plain, "score")
    assert scored == ScoredReply(True, 1, 0.25)


@pytest.mark.parametrize(
    ("prediction", "answer"),
    [
        (ClassPrediction(2, (-1.0, -1.0, -1.0)), 2),
        (SpanPrediction("in Rome", 4, -0.1), "in Rome"),
        (SpanPrediction("in Rome", 4, -0.5, no_answer=-0.1), ""),
        (SpanPrediction("in Rome", 4, -0.5, no_answer=-0.5), "in Rome"),
        (ValuePrediction(3.5), 3.5),
        (TagPrediction((0, 1, 2)), (0, 1, 2)),
        (RetrievalPrediction(("b", "a"), (0.9, 0.1)), "b"),
        (RetrievalPrediction((), ()), ""),
    ],
)
def test_an_answer_is_that_of_its_form(prediction, answer) -> None:
    assert reply("labels", (False, 0.0), prediction) == Reply(False, answer)


def test_a_budget_is_what_was_not_spent() -> None:
    budget = Budget(5)
    assert (budget.total, budget.left) == (5, 5)
    budget.spent += 3
    assert budget.left == 2
    budget.spent += 2
    assert budget.left == 0


def test_a_reply_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        reply("labels", (False, 0.0), ValuePrediction(1.0)).reached = True
