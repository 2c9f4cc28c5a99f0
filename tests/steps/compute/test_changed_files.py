"""What is hashed is what is read: a file that changed between plan and reading is refused, and named."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from adaptx.errors import DataFault
from adaptx.execution.job import Job
from adaptx.execution.make import make
from adaptx.mini import NANO_FOLDER, suite
from adaptx.planning.choices import Choices, PerTask
from adaptx.planning.planner import plan_all
from adaptx.planning.request import Request
from adaptx.store import Store, StoreView
from adaptx.training.settings import ComputeSettings

WORLD = suite.suite_of("mini:train=40,dev=12,test=16")
PAWSX, BUCC, LAREQA = "paws-x/en", "bucc2018/zh", "xquad-r"


def lines(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    """Return a folder of rows of every kind that a step reads."""
    folder = tmp_path / "rows"
    for split in ("train", "dev", "test"):
        upstream = {"dev": "validation"}.get(split, split)
        lines(folder / PAWSX / f"{upstream}.jsonl", list(suite.rows("pawsx", "en", split, WORLD)))
    for split in ("validation", "test"):
        for end, tag in (("_source", "zh"), ("_target", "en")):
            sentences = [{"id": f"{tag}-{n}", "text": f"{tag} sentence {n} of {split}"} for n in range(12)]
            lines(folder / BUCC / f"{split}{end}.jsonl", sentences)
        pairs = [{"source_id": f"zh-{n}", "target_id": f"en-{n}"} for n in range(12)]
        lines(folder / BUCC / f"{split}.jsonl", pairs)
    (folder / "text").mkdir()
    (folder / "text" / "de.txt").write_text("Ein Satz auf Deutsch.\n" * 40, encoding="utf-8")
    return folder


def request(rows: Path, name: str, **choices: Any) -> Request:
    told: dict[str, Any] = {
        "source": str(rows),
        "backbone": "nano",
        "epochs": PerTask(1),
        "batch": PerTask(8),
        "max_length": PerTask(32),
    }
    languages = ("zh",) if name == "bucc" else ("en",)
    return Request(choices=Choices(**told | {"languages": languages} | choices), names=(name,))


JOB = Job(how=ComputeSettings())


def plan(store: Store, request: Request) -> Callable[..., list[Any]]:
    """Plan a request and return what makes its steps, later."""
    planned = plan_all([request], store)
    return lambda report=lambda _: None: make(planned, StoreView(store), JOB, report)


def kinds(store: Store) -> set[str]:
    return {path.parent.parent.parent.name for path in store.root.glob("store/*/*/*/manifest.json")}


def swapped(path: Path) -> None:
    """Exchange what two rows say, so that the file has the same size and other content."""
    first, second, *others = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join((second, first, *others)), encoding="utf-8")


@pytest.mark.parametrize(
    ("file", "asked", "left"),
    [
        (f"{PAWSX}/train.jsonl", {"name": "pawsx"}, set()),
        (f"{PAWSX}/validation.jsonl", {"name": "pawsx"}, set()),
        (f"{PAWSX}/test.jsonl", {"name": "pawsx"}, {"train"}),
        ("text/de.txt", {"name": "pawsx", "mlm": "de:0.2"}, set()),
        (f"{BUCC}/test.jsonl", {"name": "bucc"}, set()),
        (f"{BUCC}/test_source.jsonl", {"name": "bucc"}, set()),
        (f"{BUCC}/test_target.jsonl", {"name": "bucc"}, set()),
        (f"{BUCC}/validation_target.jsonl", {"name": "bucc"}, set()),
    ],
)
def test_rows_edited_between_plan_and_reading_are_refused(file, asked, left, rows, tmp_path):
    store = Store(tmp_path / "runs")
    run = plan(store, request(rows, **asked))
    if file.endswith(".txt"):
        (rows / file).write_text("Ein anderer Satz hier.\n" * 40, encoding="utf-8")
    else:
        swapped(rows / file)
    with pytest.raises(DataFault, match="changed since the plan") as caught:
        run()
    told = str(caught.value)
    assert str(rows / file) in told or "a file that bucc zh is searched or tuned on" in told
    assert "the old files back give the old result" in str(caught.value.hint)
    assert kinds(store) == left


def test_a_backbone_edited_between_plan_and_reading_is_refused(rows, tmp_path):
    folder = tmp_path / "encoder"
    shutil.copytree(NANO_FOLDER, folder)
    store = Store(tmp_path / "runs")
    run = plan(store, request(rows, "pawsx", backbone=str(folder)))
    vocabulary = folder / "tokenizer.json"
    vocabulary.write_text(vocabulary.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    with pytest.raises(DataFault, match="changed since the plan") as caught:
        run()
    assert str(folder) in str(caught.value)
    assert kinds(store) == set()


def test_a_test_file_flipped_while_training_runs_never_answers_for_the_old_one(rows, tmp_path):
    calm = Store(tmp_path / "calm")
    expected = scores(plan(calm, request(rows, "pawsx"))(), calm)
    test, store = rows / PAWSX / "test.jsonl", Store(tmp_path / "runs")
    old = test.read_bytes()
    flipped = [{**json.loads(line), "label": 1 - int(json.loads(line)["label"])} for line in old.splitlines()]

    def edit(entry: Mapping[str, Any]) -> None:
        if entry.get("phase") == "train":
            lines(test, flipped)

    with pytest.raises(DataFault, match="changed since the plan"):
        plan(store, request(rows, "pawsx"))(edit)
    assert kinds(store) == {"train"}
    test.write_bytes(old)
    told = plan(store, request(rows, "pawsx"))()
    assert {step["kind"]: step["status"] for step in told} == {"train": "reused", "eval": "made"}
    assert scores(told, store) == expected


def scores(told: Sequence[Any], store: Store) -> bytes:
    (cell,) = [step for step in told if step["kind"] == "eval"]
    record = store.get(cell["id"])
    assert record is not None
    return (record.path / "scores.json").read_bytes()
