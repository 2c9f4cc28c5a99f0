"""What the generated world shows with ``nano``: paraphrases that transfer, every form learnt, translations that meet.

Runs `adaptx` as a user would, over several seeds. Beside each English score stand its chance and the score of the most
frequent answer; beside the paraphrases a bag of words (logistic regression over the words of both sentences and which
of them are in both), which should know nothing.

    python benchmarks/mini.py --store FOLDER [--seeds 3] [--parts paraphrases forms sentences]
"""

from __future__ import annotations

import argparse
import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from readable import bullets, table, write
from real import run
from record import record

from adaptx.mini import suite
from adaptx.reporting.numbers import points
from adaptx.tasks.catalog import task_named

WORLD = "--source mini --backbone nano"
LEARNING = "--lr 2e-3"
PARAPHRASES = "stack pawsx --max-train 2000 --epochs 3 --attack charswap"
SIZE = "--max-train 1500 --epochs 2 --max-eval 200"  # of every form
FORMS = {  # one task or more of every form: how it is asked for, and the split that has labels
    "xnli": "stack xnli",
    "anli": "stack anli",
    "qqp": "stack qqp",
    "hellaswag": "stack hellaswag",
    "cosmosqa": "stack cosmosqa",
    "commonsenseqa": "stack commonsenseqa",
    "xcopa": "stack xcopa",
    "xquad": "stack xquad",
    "squad2": "stack squad2",
    "udpos": "stack udpos",
    "ccg": "stack ccg",
    "panx": "stack panx",
}
NO_ANSWER = {"xquad": 0.0, "panx": 0.0}  # the most frequent answer is none: nothing right, nothing found

Value = Mapping[str, Any]


def asked(command: str, seed: int, args: argparse.Namespace) -> Value:
    """Return what one command says for one seed."""
    words = [*shlex.split(f"{command} {WORLD} {LEARNING} --seed {seed}"), "--store", str(args.store)]
    return run(words)[0]


def paraphrases(args: argparse.Namespace) -> dict[str, Any]:
    """Return direct pawsx of every seed in every language, clean and attacked, beside a bag of words."""
    values = [asked(PARAPHRASES, seed, args) for seed in range(args.seeds)]
    languages = list(values[0]["languages"])
    return {
        "bag_of_words": bag_of_words(),
        "languages": {tag: [_cell(value["languages"][tag]) for value in values] for tag in languages},
        "mean": [_cell(value["mean"]) for value in values],
        "zero_shot": [_cell(value["mean_zero_shot"]) for value in values],
    }


def _cell(scores: Value) -> dict[str, Any]:
    (attack,) = scores["attacks"].values()
    attacked = {key: attack[key] for key in ("accuracy", "interval", "random_baseline")}
    return {"clean": scores["clean"], "interval": scores["interval"], "attacked": attacked}


def bag_of_words() -> float:
    """Return the English test accuracy of a bag of words on pawsx."""
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression

    counted = CountVectorizer(analyzer=str.split, binary=True)
    train, test = (list(suite.rows("pawsx", "en", split)) for split in ("train", "test"))
    model = LogisticRegression(max_iter=2000)
    model.fit(counted.fit_transform(map(_bag, train)), [row["label"] for row in train])
    return float(model.score(counted.transform(map(_bag, test)), [row["label"] for row in test]))


def _bag(row: Value) -> str:
    first, second = (set(row[key].lower().rstrip(".").split()) for key in ("sentence1", "sentence2"))
    marked = [f"1:{word}" for word in first] + [f"2:{word}" for word in second]
    return " ".join(sorted(marked + [f"both:{word}" for word in first & second]))


def forms(args: argparse.Namespace) -> dict[str, Any]:
    """Return for each task its scores over the seeds, in English and elsewhere, with chance and majority."""
    found = {}
    for name, command in FORMS.items():
        values = [asked(f"{command} {SIZE}", seed, args) for seed in range(args.seeds)]
        english = [value["languages"].get("en", {}).get("clean") for value in values]
        others = [value["mean_zero_shot"] for value in values if value["mean_zero_shot"] is not None]
        found[name] = {
            "metric": values[0]["metric"],
            "chance": task_named(name).chance,
            "majority": majority(name, values[0]["split"]),
            "english": english,
            "others": [{"clean": other["clean"], "interval": other["interval"]} for other in others],
        }
        print(name, found[name], flush=True)
    return found


def majority(name: str, split: str) -> float:
    """Return the score of the most frequent answer on the English rows of a split."""
    if name in NO_ANSWER:
        return NO_ANSWER[name]
    rows: list[Any] = list(suite.rows(name, "en", split))
    if name == "squad2":
        return fmean(not row["answers"]["text"] for row in rows)
    columns = task_named(name).columns
    column = columns["tags"] if "tags" in columns else columns["label"]
    assert isinstance(column, str)
    answers = [row[column] for row in rows]
    flat = [tag for tags in answers for tag in tags] if isinstance(answers[0], list) else answers
    return Counter(map(str, flat)).most_common(1)[0][1] / len(flat)


def sentences(args: argparse.Namespace) -> dict[str, Any]:
    """Return the retrieval of the bare backbone, without any training."""
    found = {}
    for name in ("tatoeba", "bucc"):
        value = run([*shlex.split(f"stack {name} {WORLD}"), "--store", str(args.store)])[0]
        scores = {tag: one["clean"] for tag, one in value["languages"].items()}
        found[name] = {"metric": value["metric"], "languages": scores, "mean": value["mean"]["clean"]}
    return found


def readable(found: Mapping[str, Any]) -> list[str]:
    """Return the Markdown of each part."""
    parts = []
    if "paraphrases" in found:
        told = found["paraphrases"]
        cells = {**told["languages"], "mean": told["mean"], "zero-shot": told["zero_shot"]}
        parts += [
            "## Direct pawsx, clean and under charswap",
            f"Bag of words: {points(told['bag_of_words'])}. An interval is that of the first seed.",
            table(
                ["", "clean", "interval", "each seed", "charswap, one draw", "charswap, worst of eight"],
                [_line(name, one) for name, one in cells.items()],
            ),
        ]
    if "forms" in found:
        header = ["task", "metric", "chance", "majority", "English", "other languages, each seed with its interval"]
        parts += ["## Every form", table(header, [_form_line(*one) for one in found["forms"].items()])]
    if "sentences" in found:
        lines = [[name, points(one["mean"]), _listed(one["languages"])] for name, one in found["sentences"].items()]
        parts += ["## Translations, without any training", table(["task", "mean", "languages"], lines)]
    return parts


def _line(name: str, cells: Sequence[Value]) -> list[str]:
    clean = [cell["clean"] for cell in cells]
    once, worst = ([cell["attacked"][key] for cell in cells] for key in ("random_baseline", "accuracy"))
    told = [points(fmean(scores)) for scores in (once, worst)]
    return [name, points(fmean(clean)), _between(cells[0]["interval"]), " ".join(map(points, clean)), *told]


def _form_line(name: str, told: Value) -> list[str]:
    english = [score for score in told["english"] if score is not None]
    others = "; ".join(f"{points(one['clean'])} {_between(one['interval'])}" for one in told["others"])
    heard = " ".join(map(points, english)) or "not asked"
    return [name, told["metric"], points(told["chance"]), points(told["majority"]), heard, others or "English only"]


def _between(interval: Sequence[float]) -> str:
    return f"[{points(interval[0])}, {points(interval[1])}]"


def _listed(scores: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {points(score)}" for name, score in scores.items())


PARTS = {"paraphrases": paraphrases, "forms": forms, "sentences": sentences}


def main() -> None:
    """Measure the chosen parts and record them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    args = parser.parse_args()
    found = {part: PARTS[part](args) for part in args.parts}
    record("mini", found)
    facts = {"world": "generated (`--source mini`), backbone nano", "seeds": args.seeds, "settings": LEARNING}
    write("mini", "# The generated world", bullets(facts), *readable(found))


if __name__ == "__main__":
    main()
