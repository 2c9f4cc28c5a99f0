from __future__ import annotations

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adaptx.errors import Interrupted
from adaptx.robustness.attack import Edit, attack, resolve_request
from adaptx.robustness.attacks.charswap import charswap
from adaptx.robustness.edits import apply_edits
from adaptx.robustness.engine import alphabets, attack_cell
from adaptx.robustness.graphemes import clusters
from adaptx.robustness.outcomes import Outcome, summarise
from adaptx.tasks.example import ClassPrediction
from adaptx.tasks.forms import form_named
from adaptx.testing import SPANS, TEXTS, HashVictim, choice, pair, span, tagging, task_of

PAIRS = [pair(f"p{n}", lang, text, TEXTS[-n][1]) for n, (lang, text) in enumerate(TEXTS)]
CHOICES = [choice(f"c{n}", lang, text, ("one", "two", "three")[: 2 + n % 2]) for n, (lang, text) in enumerate(TEXTS)]
TAGGED = [tagging(f"t{n}", lang, text.split(), [n % 3] * len(text.split())) for n, (lang, text) in enumerate(TEXTS[:9])]
LONG = [span(f"s{n}", *sample) for n, sample in enumerate(SPANS)]
SAMPLES = {"classification": PAIRS, "choice": CHOICES, "span": LONG, "tagging": TAGGED}
ATTACKS = [("swap", "random"), ("swap", "greedy"), ("swap+delete+insert+substitute", "greedy")]


def by_id(cell) -> dict[str, Outcome]:
    return {outcome["id"]: outcome for outcome in cell.outcomes}


@pytest.mark.parametrize(("operations", "search"), ATTACKS)
@pytest.mark.parametrize("form", SAMPLES)
def test_order_shard_and_batch_size_do_not_change_an_outcome(run, operations, search, form):
    given_, examples = {"operations": operations}, SAMPLES[form]
    letters = alphabets(examples, task_of(form).attackable)
    whole = by_id(run(charswap, examples, given_, search=search, alphabet=letters))
    shuffled = random.Random(1).sample(examples, len(examples))
    assert by_id(run(charswap, shuffled, given_, search=search, in_flight=1, alphabet=letters)) == whole
    halves = [run(charswap, examples[i::2], given_, search=search, in_flight=7, alphabet=letters) for i in (0, 1)]
    assert by_id(halves[0]) | by_id(halves[1]) == whole


@pytest.mark.parametrize("form", ["choice", "tagging"])
def test_no_attacked_text_has_another_option_or_another_number_of_tokens(run, form):
    rows = {example.id: example for example in SAMPLES[form]}
    victim = HashVictim(SAMPLES[form])
    cell = run(charswap, SAMPLES[form], {"operations": "delete+insert"}, search="greedy", victim=victim)
    assert any(outcome["reached"] for outcome in cell.outcomes)
    for asked in victim.asked:
        for name, text in rows[asked.id].texts.items():
            assert asked.texts[name] == text or name in task_of(form).fields
            assert asked.texts[name].count("\n") == text.count("\n")


@pytest.mark.parametrize("search", ["random", "greedy"])
def test_a_run_interrupted_anywhere_resumes_to_equal_outcomes_and_asks_nothing_twice(run, search):
    whole = run(charswap, PAIRS, search=search, in_flight=8)
    for stop in (1, 5, len(PAIRS) - 1):
        done: dict[str, Outcome] = {}

        def note(outcome: Outcome, done=done, stop=stop) -> None:
            done[outcome["id"]] = json.loads(json.dumps(outcome))
            if len(done) == stop:
                raise Interrupted("stop")

        with pytest.raises(Interrupted):
            run(charswap, PAIRS, search=search, in_flight=8, on_done=note)
        victim = HashVictim(PAIRS)
        resumed = run(charswap, PAIRS, search=search, in_flight=8, done=done, victim=victim)
        assert resumed == whole
        assert not {example.id for example in victim.asked} & set(done)


def test_a_finished_run_asks_nothing(run):
    first = run(charswap, PAIRS)
    victim = HashVictim(PAIRS)
    assert run(charswap, PAIRS, done=by_id(first), victim=victim) == first
    assert victim.asked == []


@pytest.mark.parametrize(("operations", "search"), ATTACKS)
@pytest.mark.parametrize("examples", [PAIRS, LONG], ids=["pairs", "spans"])
def test_the_stored_edits_make_the_stored_text_and_cost_what_is_claimed(run, operations, search, examples):
    for example, outcome in zip(
        examples, run(charswap, examples, {"operations": operations}, search=search).outcomes, strict=True
    ):
        edits = tuple(Edit(*edit) for edit in json.loads(outcome["edits"]))
        rendered = apply_edits(example, edits)
        assert {name: rendered.texts[name] for name in outcome["adversarial"]} == outcome["adversarial"]
        assert outcome["original"] == {name: example.texts[name] for name in outcome["original"]}
        total = sum(len(clusters(text)) for text in outcome["original"].values())
        assert outcome["clusters"] == total
        assert outcome["edited_clusters"] <= max(0.1 * total, 2)
        assert bool(outcome["edited_clusters"]) == (outcome["adversarial"] != outcome["original"])
        for answer in rendered.answers:
            assert rendered.texts["context"].startswith(answer.text, answer.start)


def test_the_answer_and_its_copies_are_never_edited(run):
    for example, outcome in zip(LONG, run(charswap, LONG, {"rate": 1.0}, search="greedy").outcomes, strict=True):
        answer = example.answers[0].text
        assert outcome["edits"] != "[]"
        assert outcome["adversarial"]["context"].count(answer) == example.texts["context"].count(answer)


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(st.integers(1, 40), st.sampled_from(["random", "greedy"]), st.integers(0, 5))
def test_queries_are_what_was_asked_and_never_more_than_the_budget(budget, search, seed):
    victim = HashVictim(PAIRS)
    clean = victim.predict(PAIRS)
    victim.asked.clear()
    counted: list[int] = []

    @attack("counted", needs="labels", version=1)
    def counting(example, *, rng, budget):
        at = len(counted)
        counted.append(0)
        while True:
            batch = [()] * min(3, budget.left)
            counted[at] += len(batch)
            yield batch

    task, form = task_of("classification"), form_named("classification")
    request = resolve_request(counting, {}, budget=budget, seed=seed)
    own = attack_cell(victim, form, task, PAIRS, clean, request, language="xx").outcomes
    assert [o["queries"] for o in own] == counted == [budget] * len(PAIRS)
    request = resolve_request(charswap, {}, search=search, budget=budget, seed=seed)
    outcomes = attack_cell(victim, form, task, PAIRS, clean, request, language="xx").outcomes
    assert max(o["queries"] for o in outcomes) <= budget
    assert max(o["baseline_queries"] for o in outcomes) <= budget
    assert all(o["candidates"] <= o["queries"] for o in outcomes)


def test_a_text_is_forwarded_once_and_clean_answers_are_reused(run):
    victim = HashVictim(PAIRS)
    run(charswap, PAIRS, search="greedy", budget=40, victim=victim)
    asked = [(example.id, victim.view(example)) for example in victim.asked]
    assert len(asked) == len(set(asked))
    assert not {victim.view(example) for example in PAIRS} & {seen for _, seen in asked}


def test_hundreds_of_rows_share_a_batch(run):
    rows = [pair(f"r{n}", "en", f"Some words of sentence number {n}", "other words follow here") for n in range(60)]
    victim = HashVictim(rows)
    run(charswap, rows, victim=victim, in_flight=120)
    assert victim.batches[0] == 60


def test_edits_that_the_tokenizer_does_not_see_are_counted_and_cannot_succeed(run):
    @attack("case", version=1)
    def case(text, *, rng, lang):
        for n, char in enumerate(text):
            if char.isascii() and char.isalpha():
                yield Edit.at(n, n + 1, char.swapcase())

    victim = HashVictim(PAIRS)
    cell = run(case, PAIRS, search="greedy", victim=victim)
    assert victim.asked == []
    assert cell.scores["no_op_rate"] == 1.0
    assert cell.scores["success_rate"] == 0.0
    assert any(o["no_op"] and o["edits"] != "[]" for o in cell.outcomes)


def test_only_rows_answered_correctly_are_attacked(run):
    class Wrong(HashVictim):
        def predict(self, examples):
            found = super().predict(examples)
            return [
                ClassPrediction(0, (-0.1, -2.4)) if e.id == "p0" else p for e, p in zip(examples, found, strict=True)
            ]

    victim = Wrong(PAIRS)
    cell = run(charswap, PAIRS, victim=victim)
    assert (cell.outcomes[0]["status"], cell.outcomes[0]["value_under_attack"]) == ("wrong", 0.0)
    assert cell.outcomes[0]["queries"] == 0
    assert "p0" not in {example.id for example in victim.asked}
    assert cell.scores["attacked"] == len(PAIRS) - 1


def test_a_row_without_a_proposal_survives_and_is_counted(run):
    rows = [pair("digits", "en", "123 45", "6"), pair("empty", "en", "", ""), pair("one", "en", "x", "")]
    cell = run(charswap, rows, search="greedy")
    assert [o["status"] for o in cell.outcomes] == ["no-proposal"] * 3
    assert [o["value_under_attack"] for o in cell.outcomes] == [1.0] * 3
    assert (cell.scores["no_proposal"], cell.scores["attacked"]) == (3, 3)


def test_one_edit_is_always_allowed_and_the_realised_rate_is_told(run):
    cell = run(charswap, [pair("short", "en", "words", "")], {"rate": 0.01})
    assert cell.outcomes[0]["edited_clusters"] == 2
    assert cell.scores["edit_rate"] == pytest.approx(2 / 5)


def test_the_random_baseline_is_one_draw_beside_random_and_the_budget_beside_greedy(run):
    rows = [pair(f"r{n}", "en", "many words are written here", f"number {n}") for n in range(30)]
    random_ = run(charswap, rows, search="random")
    assert {o["baseline_queries"] for o in random_.outcomes} == {1}
    assert random_.scores["random_baseline"] >= random_.scores["accuracy"]
    hard = HashVictim(rows, hard=10**6)
    greedy = run(charswap, rows, search="greedy", budget=24, victim=hard)
    assert {o["baseline_queries"] for o in greedy.outcomes} == {24}


def test_a_search_of_its_own_has_random_edits_beside_it(run):
    @attack("idle", needs="labels", version=1)
    def idle(example, *, rng, budget):
        yield [()]

    cell = run(idle, PAIRS, budget=5)
    assert {o["status"] for o in cell.outcomes} == {"survived"}
    assert max(o["baseline_edited_clusters"] for o in cell.outcomes) > 0


def test_success_closes_the_search(run):
    rows = [pair(f"r{n}", "en", "many words are written here", f"number {n}") for n in range(30)]
    for outcome in run(charswap, rows, {"tries": 20}, victim=HashVictim(rows, hard=2)).outcomes:
        reached = outcome["status"] == "success"
        assert (outcome["queries"] < 20) == reached
        assert outcome["value_under_attack"] == (0.0 if reached else 1.0)


def test_the_seed_changes_texts_and_the_language_and_id_do_too(run):
    rows = [pair(name, "en", "many words are written here", "and more of them") for name in "ab"]
    zero = run(charswap, rows).outcomes
    one = run(charswap, rows, seed=1).outcomes
    assert [o["edits"] for o in zero] != [o["edits"] for o in one]
    assert zero[0]["edits"] != zero[1]["edits"]


def test_a_decomposed_text_is_shown_composed_and_edited_in_its_own_offsets(run):
    seen = []

    @attack("sees", version=1)
    def sees(text, *, rng, lang):
        seen.append(text)
        yield Edit.at(len(text) - 1, len(text), "X")

    row = pair("fr", "fr", "e\u0301te\u0301s", "")
    outcome = run(sees, [row]).outcomes[0]
    assert seen[0] == "étés"
    assert outcome["adversarial"]["sentence1"] == "e\u0301te\u0301X"
    assert json.loads(outcome["edits"]) == [["sentence1", 5, 6, "X"]]


def test_an_outcome_has_exactly_the_agreed_keys_and_is_json(run):
    for outcome in run(charswap, PAIRS).outcomes:
        assert set(outcome) == set(Outcome.__annotations__)
        assert json.loads(json.dumps(outcome)) == outcome


def test_scores_follow_from_the_outcomes_alone(run):
    cell = run(charswap, PAIRS)
    assert summarise(cell.outcomes) == cell.scores
    assert cell.scores["lost"] == pytest.approx(cell.scores["clean"] - cell.scores["accuracy"])
    assert all(0 <= cell.scores[key] <= 1 for key in ("clean", "accuracy", "success_rate", "edit_rate", "no_op_rate"))
    assert summarise([]) == {}


def test_the_rule_in_effect_is_recorded_per_language_and_script(run):
    rules = run(charswap, PAIRS).facts["rules"]
    assert rules["ko"]["Hangul"]["minimum"] == 2
    assert rules["ja"]["Katakana"]["rule"] == "window"
    assert rules["en"]["Latin"]["keep_ends"] is True


def test_the_alphabet_of_the_whole_split_is_hashed_and_used(run):
    rows = [pair("r", "en", "many words are written here", "")]
    given_ = {"operations": "substitute"}
    own = run(charswap, rows, given_)
    letters = {"en": {"Latin": ("q",)}}
    other = run(charswap, rows, given_, alphabet=letters)
    assert own.facts["alphabet"] != other.facts["alphabet"]
    assert {new for _, _, _, new in json.loads(other.outcomes[0]["edits"])} == {"q"}


def test_an_empty_cell_is_an_empty_answer(run):
    cell = run(charswap, [])
    assert (cell.outcomes, cell.scores, cell.flags) == ([], {}, [])
