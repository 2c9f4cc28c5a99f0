"""Bad input: a short error that names the thing and the nearest right value, the exit code, and an untouched store."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from adaptx.errors import Exit
from adaptx.mini import suite
from adaptx.store import Store
from adaptx.tables import read_rows, write_rows

pytestmark = pytest.mark.e2e

WORDS: dict[str, tuple[str, list[str]]] = {
    "task": ("train --adapter sqaud", ["unknown task 'sqaud'", "squad"]),
    "task on": ("stack squad --on xqad", ["unknown task 'xqad'", "xquad"]),
    "command": ("trian --adapter squad", ["unknown command 'trian'", "train"]),
    "attack": ("stack pawsx --attack charswop", ["unknown attack 'charswop'", "charswap"]),
    "attack parameter": ("stack pawsx --attack charswap:rat=0.1", ["'rat'", "rate"]),
    "attack value": ("stack pawsx --attack charswap:operations=swop", ["swop", "swap"]),
    "attack syntax": ("stack pawsx --attack charswap:rate", ["'rate'", "key=value"]),
    "search": ("stack pawsx --attack charswap --search gredy", ["'gredy'", "greedy"]),
    "language": ("stack pawsx --languages dee", ["language of pawsx", "'dee'", "de"]),
    "language that mini lacks": ("stack xnli --languages th", ["'th'"]),
    "split": ("stack pawsx --split tset", ["split of pawsx", "'tset'", "test"]),
    "method": ("train --adapter squad --method lara", ["'lara'", "lora?"]),
    "rank of another method": ("train --adapter squad --method full --rank 4", ["--rank", "full", "lora"]),
    "number": ("train --adapter squad --lr fast", ["--lr 'fast'"]),
    "number out of range": ("train --adapter squad --max-eval 0", ["--max-eval", "0"]),
    "precision": ("train --adapter squad --precision fp8", ["'fp8'", "fp32"]),
    "no such option": ("train --adapter squad --epoch 2", ["--epoch", "--epochs"]),
    "path for a task": ("train --adapter ../squad", ["../squad"]),
    "absolute path for a task": ("train --adapter /etc/passwd", ["/etc/passwd"]),
    "no training rows": ("stack xnli pawsx", ["xnli has no training rows", "mnli"]),
    "head that cannot answer": ("stack squad --on pawsx", ["squad (span)", "pawsx (classification)", "pawsx"]),
    "nothing to stack": ("stack", ["TASKS"]),
    "no such result": ("show abcdef", ["'abcdef'"]),
    "no id": ("why ../../etc", ["'../../etc' is not an id"]),
}


@pytest.mark.parametrize("case", WORDS)
def test_a_wrong_word_is_named_with_the_nearest_right_one(case: str, adaptx, folder: Path) -> None:
    line, told = WORDS[case]
    plan = ["--source", "mini", "--backbone", "nano"] if line.startswith(("train", "stack")) else []
    done = adaptx(*line.split(), *plan)
    assert done.code == Exit.USAGE, done.err
    refused(done, folder, told)


def refused(done: Any, folder: Path, told: list[str]) -> None:
    assert [word for word in told if word not in done.err] == [], done.err
    assert done.err.count("error: ") == 1, done.err
    assert "Traceback" not in done.err
    assert done.out == ""
    assert not (folder / "runs" / "store").exists(), "something was stored"


def encoder(folder: Path, **config: Any) -> Path:
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    for name in ("tokenizer.json", "model.safetensors"):
        (folder / name).write_text("{}", encoding="utf-8")
    return folder


def test_a_backbone_that_is_no_encoder_is_refused(adaptx, folder: Path) -> None:
    decoder = encoder(folder / "gpt", model_type="gpt2")
    done = adaptx("train", "--adapter", "squad", "--source", "mini", "--backbone", decoder)
    assert done.code == Exit.USAGE
    refused(done, folder, ["gpt2", "not an encoder", "xlm-roberta"])


def test_a_backbone_whose_weights_are_a_pickle_is_refused(adaptx, folder: Path) -> None:
    pickled = encoder(folder / "old", model_type="bert")
    (pickled / "model.safetensors").rename(pickled / "pytorch_model.bin")
    done = adaptx("train", "--adapter", "squad", "--source", "mini", "--backbone", pickled)
    assert done.code == Exit.USAGE
    refused(done, folder, ["pytorch_model.bin", "no pickle is ever loaded"])


@pytest.mark.parametrize("backbone", ["/no/such/folder", "./nowhere"])
def test_a_backbone_folder_that_is_not_there_is_missing(backbone: str, adaptx, folder: Path) -> None:
    done = adaptx("train", "--adapter", "squad", "--source", "mini", "--backbone", backbone)
    assert done.code == Exit.MISSING
    refused(done, folder, [backbone, "no such folder"])


def test_a_source_that_is_no_folder_is_missing(adaptx, folder: Path) -> None:
    done = adaptx("train", "--adapter", "squad", "--source", "dtaa", "--backbone", "nano")
    assert done.code == Exit.MISSING
    refused(done, folder, ["'dtaa'", "mini"])


def test_an_input_longer_than_the_encoder_can_read_is_refused(adaptx, folder: Path) -> None:
    done = adaptx("train", "--adapter", "pawsx", "--source", "mini", "--backbone", "nano", "--max-length", "4096")
    assert done.code == Exit.USAGE
    refused(done, folder, ["--max-length 4096", "positions"])


Spoil = Callable[[Path], None]
PAIRS = ("--source", "rows", "--backbone", "nano", "--device", "cpu", "--max-length", "64", "--epochs", "1")


@pytest.fixture
def rows(folder: Path) -> Path:
    """Return a source folder with pairs and spans of the embedded world, 300 rows a split."""
    for task, place, splits in (("pawsx", "paws-x", ("train", "validation")), ("squad", "squad", ("train",))):
        for split in splits:
            kept = suite.rows(task, "en", "dev" if split == "validation" else split, suite.Suite(train=300, dev=300))
            write(folder / "rows" / place / "en" / f"{split}.jsonl", list(kept))
    return folder / "rows"


def write(path: Path, rows: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def change(row: int, **columns: Any) -> Spoil:
    """Return what sets columns of one row; a column set to ... is taken away from every row."""

    def spoil(path: Path) -> None:
        read = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        read[row] |= columns
        gone = {name for name, value in columns.items() if value is ...}
        write(path, [{name: value for name, value in one.items() if name not in gone} for one in read])

    return spoil


def truncate(path: Path) -> None:
    packed = gzip.compress(path.read_bytes())
    path.with_name(f"{path.name}.gz").write_bytes(packed[: len(packed) // 2])
    path.unlink()


def insert(line: bytes) -> Spoil:
    def spoil(path: Path) -> None:
        lines = path.read_bytes().splitlines(keepends=True)
        path.write_bytes(b"".join([*lines[:7], line + b"\n", *lines[7:]]))

    return spoil


FILES: dict[str, tuple[str, Spoil, list[str]]] = {
    "missing column": ("paws-x", change(0, sentence2=...), ["no column 'sentence2'", "sentence1"]),
    "duplicated id": ("paws-x", change(9, id="train-4"), ["rows 4 and 9", "'id'", "'train-4'"]),
    "empty file": ("paws-x", lambda path: path.write_bytes(b""), ["no rows"]),
    "truncated gzip": ("paws-x", truncate, ["train.jsonl.gz"]),
    "line that is not UTF-8": ("paws-x", insert(b'{"id": "\xff\xfe"}'), ["train.jsonl", "8"]),
    "line that is not JSON": ("paws-x", insert(b'{"id": 3,'), ["train.jsonl", "8"]),
    "too many bad rows": (
        "squad",
        lambda path: [change(row, answers={"text": ["zzz"], "answer_start": [0]})(path) for row in range(20)],
        ["rows cannot be used", "row 0, field 'answers'", "'zzz' is not in its context", "1%"],
    ),
}


@pytest.mark.parametrize("case", FILES)
def test_a_file_that_cannot_be_trusted_is_fatal_and_named(case: str, rows: Path, adaptx, folder: Path) -> None:
    place, spoil, told = FILES[case]
    spoil(rows / place / "en" / "train.jsonl")
    task = "squad" if place == "squad" else "pawsx"
    done = adaptx("train", "--adapter", task, *PAIRS)
    assert done.code == Exit.FAILED, done.err
    refused(done, folder, ["train.jsonl" if case != "empty file" else "pawsx in en, split train", *told])


BAD_ROW = {
    "label out of range": ("pawsx", "paws-x", {"label": 7}, "label"),
    "answer not in its context": ("squad", "squad", {"answers": {"text": ["zzz"], "answer_start": [0]}}, "answers"),
    "a row of a megabyte": ("pawsx", "paws-x", {"sentence1": "Anna gave Boris the red ball. " * 35_000}, "sentence1"),
}


@pytest.mark.parametrize("case", BAD_ROW)
def test_one_bad_row_is_quarantined_counted_and_listed_and_fatal_when_strict(case, rows, adaptx, folder) -> None:
    task, place, columns, field = BAD_ROW[case]
    change(5, **columns)(rows / place / "en" / "train.jsonl")
    strict = adaptx("train", "--adapter", task, *PAIRS, "--strict")
    assert strict.code == Exit.FAILED
    refused(strict, folder, ["row 5", f"field '{field}'", "--strict"])
    told = adaptx("train", "--adapter", task, *PAIRS, "--json").json
    assert Store(folder / "runs").get(told["id"]).manifest["facts"]["quarantined"] == 1
    (listed,) = (Path(told["path"]) / "quarantined.jsonl").read_text(encoding="utf-8").splitlines()
    assert (json.loads(listed)["row"], json.loads(listed)["field"]) == (5, field)


def test_a_damaged_result_is_told_and_never_read_as_one(copied, adaptx, small) -> None:
    record = next(copied.all("eval"))
    rows = read_rows(record.path / "predictions.parquet")
    write_rows(record.path / "predictions.parquet", [row | {"value": 1.0} for row in rows])
    done = adaptx("stack", "squad", "pawsx", *small)
    assert done.code == Exit.FAILED
    assert "predictions.parquet: " in done.err
    assert f"adaptx prune {record.id[:12]}" in done.err
    assert done.out == ""
    assert adaptx("prune", record.id).code == Exit.DONE
    assert adaptx("stack", "squad", "pawsx", *small).code == Exit.DONE


def test_a_damaged_adapter_is_told_before_anything_is_evaluated_on_it(copied, adaptx, small, folder) -> None:
    for record in copied.all("train"):
        path = record.path / "adapter_model.safetensors"
        content = bytearray(path.read_bytes())
        content[-100] ^= 1  # one bit of one weight: the file still loads
        path.write_bytes(content)
    for record in (*copied.all("eval"), *copied.all("attack")):
        shutil.rmtree(record.path)
    done = adaptx("stack", "squad", "pawsx", *small)
    assert done.code == Exit.FAILED
    assert "adapter_model.safetensors" in done.err
    assert "Traceback" not in done.err
    assert list(copied.all("eval")) == []
