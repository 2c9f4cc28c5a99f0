"""What a plan will cost: how many tokens the rows of a form are."""

from __future__ import annotations

from adaptx.execution.estimate import mean_tokens
from adaptx.tasks.catalog import task_named
from adaptx.tasks.example import Example

CONTEXT, OPTION = "x" * 400, "y" * 40  # about 100 and 10 tokens


def example(**texts: str) -> Example:
    languages = dict.fromkeys(texts, "en")
    return Example(id="0", parallel="0", group="0", language="en", texts=texts, languages=languages, label=0)


def tokens(name: str, limit: int = 10**6, **texts: str) -> float:
    return mean_tokens([(task_named(name), example(**texts))], limit)


def test_the_context_of_a_choice_is_counted_with_every_option() -> None:
    two = tokens("hellaswag", context=CONTEXT, option0=OPTION, option1=OPTION)
    four = tokens("hellaswag", context=CONTEXT, option0=OPTION, option1=OPTION, option2=OPTION, option3=OPTION)
    assert four == 2 * two
    assert two >= 2 * (100 + 10)


def test_the_limit_is_of_one_input_and_not_of_a_row_of_several() -> None:
    assert tokens("hellaswag", limit=64, context=CONTEXT, option0=OPTION, option1=OPTION) == 2 * 64
    assert tokens("pawsx", limit=64, sentence1=CONTEXT, sentence2=CONTEXT) == 64


def test_the_texts_of_a_pair_are_one_input() -> None:
    assert 200 <= tokens("pawsx", sentence1=CONTEXT, sentence2=CONTEXT) < 210


def test_no_rows_have_no_tokens() -> None:
    assert mean_tokens([], 64) == 0.0
