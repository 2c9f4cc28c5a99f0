"""What an export writes: the adapter's own files to the byte, predictions that read back as they were stored."""

from __future__ import annotations

from pathlib import Path

import pytest

from adaptx.errors import Incompatible, Missing, UnknownName, UsageError
from adaptx.results.export import export, formats
from adaptx.store import Store
from adaptx.tables import read_rows
from adaptx.tasks import xtreme_files
from adaptx.tasks.catalog import task_named


@pytest.fixture
def store(tiny_store: Path) -> Store:
    return Store(tiny_store)


def only(store: Store, kind: str):
    return next(store.all(kind))


def test_formats_are_xtremes_and_the_layouts_of_the_methods() -> None:
    assert formats()[0] == "xtreme"
    assert {"peft", "adapterhub"} <= set(formats())


def test_an_adapter_is_copied_to_the_byte(store: Store, tmp_path: Path) -> None:
    record = only(store, "train")
    (told,) = export(store, [record.id[:9]], "peft", tmp_path / "out")
    copied = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    assert told == {"file": str(tmp_path / "out"), "result": record.id[:12], "files": len(copied)}
    for name in ("adapter_config.json", "adapter_model.safetensors", "head.safetensors", "card.md"):
        assert copied[name] == (record.path / name).read_bytes()


def test_predictions_are_written_a_language_a_file_and_read_back(store: Store, tmp_path: Path) -> None:
    told = export(store, [only(store, "train").id], "xtreme", tmp_path)
    task = task_named("pawsx")
    assert len(told) == 2
    for row, record in zip(sorted(told, key=lambda one: one["result"]), store.all("eval"), strict=True):
        stored = read_rows(record.path / "predictions.parquet")
        path = Path(row["file"])
        assert path.name == xtreme_files.file_name(task, record.spec["rows"]["language"])
        assert (row["rows"], row["published"]) == (12, 2000)
        assert row["note"] == "12 of 2000 rows: a server would refuse it"
        ids = [one["id"] for one in stored]
        read = xtreme_files.read(path.read_text(encoding="utf-8"), ids, task, set())
        assert [one.label for one in read] == [one["prediction"] for one in stored]


def test_one_evaluation_is_written_alone(store: Store, tmp_path: Path) -> None:
    record = only(store, "eval")
    (told,) = export(store, [record.id], "xtreme", tmp_path)
    assert told["result"] == record.id[:12]
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [Path(told["file"])]


@pytest.mark.parametrize(
    ("kind", "to", "refused", "message", "hint"),
    [
        ("train", "adapterhub", Incompatible, "is a trained lora, whose files are peft's", "a trained bottleneck"),
        ("eval", "peft", Incompatible, "is of kind eval", "a trained lora"),
        ("attack", "xtreme", Incompatible, "is of kind attack", "adaptx ls results"),
        ("train", "pefd", UnknownName, "unknown format 'pefd'", "peft"),
    ],
)
def test_what_a_format_cannot_hold_is_refused_with_what_it_does(
    store: Store, tmp_path: Path, kind: str, to: str, refused: type[Exception], message: str, hint: str
) -> None:
    with pytest.raises(refused) as caught:
        export(store, [only(store, kind).id], to, tmp_path / "out")
    assert message in str(caught.value)
    assert hint in caught.value.hint
    assert not (tmp_path / "out").exists()


def test_a_folder_with_something_in_it_is_left_alone(store: Store, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("x")
    with pytest.raises(UsageError, match="is not empty") as caught:
        export(store, [only(store, "train").id], "peft", tmp_path)
    assert caught.value.hint == "give a new folder"
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_two_adapters_do_not_fit_one_folder(store: Store, tmp_path: Path) -> None:
    record = only(store, "train")
    with pytest.raises(UsageError, match="2 results to peft"):
        export(store, [record.id, record.id], "peft", tmp_path / "out")


def test_weights_that_were_removed_cannot_be_exported(tiny_copy: Path, tmp_path: Path) -> None:
    store = Store(tiny_copy)
    record = only(store, "train")
    store.evict(record.id)
    with pytest.raises(Missing, match="were removed"):
        export(store, [record.id], "peft", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_nothing_that_differs_from_its_manifest_is_exported(tiny_copy: Path, tmp_path: Path) -> None:
    store = Store(tiny_copy)
    record = only(store, "eval")
    path = record.path / "predictions.parquet"
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(Exception, match=r"predictions\.parquet"):
        export(store, [record.id], "xtreme", tmp_path / "out")
    assert not (tmp_path / "out").exists()
