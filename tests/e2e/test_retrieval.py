"""Retrieval through the command line on a folder of rows: bare and stacked, searched, mined, attacked, verified."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from adaptx.errors import Exit
from adaptx.mini import suite
from adaptx.store import Store
from adaptx.tables import read_json, read_rows

pytestmark = pytest.mark.e2e

ROWS = 40
FEW = suite.Suite(train=200, test=200)
HOW = "--source rows --backbone nano --device cpu --max-length 64 --max-train 64 --epochs 1 --lr 2e-3 --json".split()


def write(path: Path, rows: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


@pytest.fixture
def rows(folder: Path) -> Path:
    """Return a folder with rows of squad, tatoeba and bucc in the words of the embedded world.

    What is to be found says the same as what is asked, so that any encoder finds it.
    """
    root = folder / "rows"
    for split in ("train", "validation"):
        write(root / "squad" / "en" / f"{split}.jsonl", list(suite.rows("squad", "en", "train", FEW)))
    told = list(dict.fromkeys(row["sentence1"] for row in suite.rows("pawsx", "en", "test", FEW)))[: 2 * ROWS]
    for language in ("de", "fr"):
        pairs = [{"target_sentence": text, "source_sentence": text} for text in told[:ROWS]]
        write(root / "tatoeba" / language / "test.jsonl", pairs)
    bitext(root / "bucc2018" / "zh", "validation", told)
    return root


def bitext(home: Path, split: str, told: list[str]) -> None:
    write(home / f"{split}_source.jsonl", [{"id": f"zh-{n}", "text": text} for n, text in enumerate(told[:ROWS])])
    write(home / f"{split}_target.jsonl", [{"id": f"en-{n}", "text": text} for n, text in enumerate(told[ROWS // 2 :])])
    gold = [{"source_id": f"zh-{ROWS // 2 + n}", "target_id": f"en-{n}"} for n in range(ROWS // 2)]
    write(home / f"{split}.jsonl", gold)


def test_a_bare_backbone_is_searched_with_one_result_for_every_method(rows, adaptx, folder) -> None:
    first = adaptx("stack", "tatoeba", *HOW)
    assert first.status == {"tatoeba de": "made", "tatoeba fr": "made"}
    assert (first.json["stack"], first.json["method"]) == ([], "none")
    assert {name: told["clean"] for name, told in first.json["languages"].items()} == {"de": 1.0, "fr": 1.0}
    for method in ("full", "bottleneck"):
        assert set(adaptx("stack", "tatoeba", "--method", method, *HOW).status.values()) == {"reused"}
    assert adaptx("verify").code == Exit.DONE
    record = next(Store(folder / "runs").all("eval"))
    assert record.spec["stack"] == ""
    assert record.spec["backbone"]
    assert read_json(record.path / "scores.json")["scores"] == {"accuracy": 1.0, "accuracy_back": 1.0}


@pytest.mark.parametrize("method", ["lora", "bottleneck", "full"])
def test_a_stack_that_learnt_something_else_is_searched_without_its_head(rows, adaptx, method) -> None:
    done = adaptx("stack", "squad", "tatoeba", "--method", method, "--languages", "de", *HOW)
    assert done.status == {"squad": "made", "tatoeba de": "made"}
    assert done.json["languages"]["de"]["clean"] == 1.0


def test_another_layer_is_another_result_and_means_nothing_elsewhere(rows, adaptx) -> None:
    default = adaptx("stack", "tatoeba", "--languages", "de", *HOW).json["steps"][-1]["id"]
    other = adaptx("stack", "tatoeba", "--languages", "de", "--layer", "0", *HOW)
    assert other.json["steps"][-1]["id"] != default
    assert adaptx("stack", "tatoeba", "--languages", "de", "--layer", "99", *HOW).code == Exit.USAGE
    refused = adaptx("stack", "squad", "--layer", "1", *HOW)
    assert refused.code == Exit.USAGE
    assert "--layer means nothing to squad" in refused.err


def test_fewer_queries_are_searched_in_the_whole_pool_and_an_attack_edits_the_query_alone(rows, adaptx, folder) -> None:
    words = (
        "stack",
        "tatoeba",
        "--languages",
        "de",
        "--max-eval",
        "8",
        "--attack",
        "charswap:rate=0.9",
        "--budget",
        "6",
    )
    told = adaptx(*words, *HOW).json["languages"]["de"]
    assert (told["n"], told["clean"]) == (8, 1.0)
    assert told["attacks"]["charswap:rate=0.9"]["accuracy"] < 1.0
    store = Store(folder / "runs")
    found = {item for row in read_rows(next(store.all("eval")).path / "predictions.parquet") for item in row["found"]}
    assert len(found) > 20
    outcomes = read_rows(next(store.all("attack")).path / "outcomes.parquet")
    assert all(set(json.loads(row["adversarial"])) == {"query"} for row in outcomes)
    assert adaptx("verify").code == Exit.DONE


def test_pairs_of_a_single_split_are_scored_on_the_half_that_did_not_tune(rows, adaptx, folder) -> None:
    missing = adaptx("stack", "bucc", *HOW)
    assert missing.code == Exit.MISSING
    assert "--split dev" in missing.err
    done = adaptx("stack", "bucc", "--split", "dev", *HOW)
    assert done.json["languages"]["zh"]["clean"] > 0.5  # 10 of the scored half are to be found among 20
    assert tuned(folder) == {"half"}
    assert adaptx("verify").code == Exit.DONE
    refused = adaptx("stack", "bucc", "--split", "dev", "--attack", "charswap", *HOW)
    assert refused.code == Exit.USAGE
    assert "cannot be attacked" in refused.err


def tuned(folder: Path) -> set[str]:
    (record,) = Store(folder / "runs").all("eval")
    return {row["tuned_on"] for row in read_rows(record.path / "predictions.parquet")}


def test_the_threshold_of_dev_holds_for_all_rows_of_test(rows, adaptx, folder) -> None:
    told = list(dict.fromkeys(row["sentence2"] for row in suite.rows("pawsx", "en", "test", FEW)))[: 2 * ROWS]
    bitext(rows / "bucc2018" / "zh", "test", told)
    done = adaptx("stack", "bucc", *HOW)
    assert done.json["languages"]["zh"]["clean"] > 0.5
    assert tuned(folder) == {"dev"}
    assert adaptx("verify").code == Exit.DONE
    (result,) = [step["id"] for step in done.json["steps"]]
    assert adaptx("export", result, "--to", "xtreme", "out").code == Exit.DONE
    submitted = adaptx("score", "out", "--source", "rows", "--json").json["tasks"]["bucc2018"]["languages"]["zh"]
    assert submitted["f1"] == done.json["languages"]["zh"]["clean"]


def test_a_comparison_holds_stacks_against_the_bare_backbone(rows, adaptx) -> None:
    told = adaptx("compare", "squad", "tatoeba", "--languages", "de", "--max-eval", "20", *HOW).json
    assert set(told["arms"]) == {
        *("full", "lora", "bottleneck"),
        *(f"squad → {m}" for m in ("full", "lora", "bottleneck")),
    }
    assert len({step["id"] for step in told["steps"] if step["kind"] == "eval"}) == 4
    assert told["controls"] == []


def first(row: dict[str, Any]) -> dict[str, Any]:
    """Return an answer at the beginning of a context."""
    return {"text": row["context"][:3], "answer_start": 0}


def test_a_dual_encoder_is_trained_and_searched_over_the_sentences_of_every_language(rows, adaptx, folder) -> None:
    squads = list(suite.rows("squad", "en", "test", suite.Suite(test=12)))
    for language in ("en", "de"):
        questions = [
            {
                "context": row["context"],
                "sentence_breaks": [[0, len(row["context"])]],
                "qas": [
                    {
                        "id": f"q{n}",
                        "question": row["question"],
                        "answers": [first(row)],
                    }
                ],
            }
            for n, row in enumerate(squads)
        ]
        path = folder / "rows" / "xquad-r" / f"{language}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps({"data": [{"title": "", "paragraphs": questions}]}), encoding="utf-8")
    done = adaptx("stack", "lareqa", *HOW)
    assert done.status == {"squad-retrieval": "made", "lareqa en": "made", "lareqa de": "made"}
    scores = {language: told["clean"] for language, told in done.json["languages"].items()}
    assert scores["en"] == scores["de"] > 0.1
    train = next(Store(folder / "runs").all("train"))
    assert train.manifest["facts"]["trained_parameters"] > 0
    assert adaptx("verify").code == Exit.DONE


def test_the_cost_of_a_bare_backbone_is_told(rows, adaptx) -> None:
    told = adaptx("stack", "tatoeba", "--dry-run", *HOW).json
    assert told["trainable_parameters"] == 0
    assert [step["status"] for step in told["steps"]] == ["to do", "to do"]


@pytest.mark.shared
def test_real_sentences_are_searched_in_all_of_their_language(shared_data, minilm, adaptx, folder) -> None:
    words = (
        f"stack tatoeba --languages de,es --max-eval 50 --layer 6 --max-length 64 --backbone {minilm} --json".split()
    )
    told = adaptx(*words, "--source", shared_data, "--device", "cpu").json["languages"]
    assert {language: scores["n"] for language, scores in told.items()} == {"de": 50, "es": 50}
    assert (
        told["es"]["clean"] > 0.05
    )  # the encoder knows English only: a fifth of the Spanish sentences share its words
    scores = [read_json(record.path / "scores.json")["scores"] for record in Store(folder / "runs").all("eval")]
    assert all(set(found) == {"accuracy", "accuracy_back"} for found in scores)
