"""What `ls`, `show` and `prune` say of a store, from its manifests alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from adaptx import backbone
from adaptx.errors import UnknownName, UsageError
from adaptx.results.listing import details_of, list_known, list_stored, prune
from adaptx.store import Store
from adaptx.tables import read_json
from adaptx.tasks.catalog import task_names


def by_name(rows: list[dict]) -> dict[str, dict]:
    return {row["name"]: row for row in rows}


def nobody() -> Store:
    raise AssertionError("a task's page needs no store")


def test_tasks_are_listed_in_short_and_for_machines_in_full() -> None:
    short, whole = by_name(list_known("tasks")), by_name(list_known("tasks", whole=True))
    assert list(short) == list(whole) == task_names()
    assert set(short["pawsx"]) < set(whole["pawsx"]) | set(short["pawsx"])
    assert whole["pawsx"]["labels"]
    assert len(whole["pawsx"]) > len(short["pawsx"])


def test_attacks_are_listed_with_who_brings_them() -> None:
    row = by_name(list_known("attacks"))["charswap"]
    assert row["distribution"] == "adaptx"
    assert row["target"].startswith("adaptx.robustness.attacks.charswap:")
    assert row["version"]


def test_backbones_are_the_short_names_and_what_else_may_stand_there() -> None:
    *named, free = list_known("backbones")
    assert {row["name"]: row["stands for"] for row in named} == backbone.ALIASES
    assert set(backbone.ENCODERS) == set(free["stands for"].split(", "))


def test_what_is_no_kind_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(KeyError):
        list_known("adapters")


def test_results_and_adapters_are_listed_with_their_main_score(tiny_store: Path) -> None:
    store = Store(tiny_store)
    rows = by_name(list_stored(store, "results"))
    assert sorted(row["kind"] for row in rows.values()) == ["attack", "attack", "eval", "eval", "train"]
    for record in store.all():
        row = rows[record.manifest["facts"]["name"]]
        assert row["id"] == record.id[:12]
        assert row["backbone"] == "nano"
        assert row["seconds"] == round(record.manifest["seconds"], 1)
        assert row["evicted"] is False
        if record.kind != "train":
            assert row["score"] == round(read_json(record.path / "scores.json")["scores"]["accuracy"], 4)
    (adapter,) = list_stored(store, "adapters")
    assert adapter == rows["pawsx"]
    assert (adapter["method"], adapter["seed"]) == ("lora", 0)
    best = next(store.all("train")).manifest["facts"]["best"]["score"]
    assert adapter["score"] == round(best, 4)


def test_weights_that_were_removed_are_told(tiny_copy: Path) -> None:
    store = Store(tiny_copy)
    store.evict(next(store.all("train")).id)
    assert [row["evicted"] for row in list_stored(store, "adapters")] == [True]


def test_a_page_is_shown_without_opening_a_store(tmp_path: Path) -> None:
    assert details_of("xquad", nobody)["name"] == "xquad"
    assert details_of("xquad", nobody, is_task=True) == details_of("xquad", nobody)
    page = tmp_path / "mine.toml"
    from adaptx.tasks.catalog import PAGES

    text = (PAGES / "xquad.toml").read_text(encoding="utf-8")
    page.write_text(text.replace('name = "xquad"', 'name = "mine"'), encoding="utf-8")
    assert details_of(str(page), nobody)["name"] == "mine"


def test_a_word_that_is_said_to_be_a_task_is_never_taken_for_an_id() -> None:
    with pytest.raises(UnknownName, match="task"):
        details_of("abcdef123456", nobody, is_task=True)


def test_a_step_is_shown_with_request_manifest_and_scores_where_it_has_any(tiny_store: Path) -> None:
    store = Store(tiny_store)
    for record in store.all():
        row = details_of(record.id[:10], lambda: store)
        assert (row["id"], row["path"]) == (record.id, str(record.path))
        assert (row["spec"], row["manifest"]) == (record.spec, record.manifest)
        assert ("scores.json" in row) is (record.kind != "train")
        if record.kind != "train":
            assert row["scores.json"] == read_json(record.path / "scores.json")


def test_an_id_that_is_not_there_or_is_none_is_refused(tiny_store: Path) -> None:
    with pytest.raises(UnknownName):
        details_of("0" * 20, lambda: Store(tiny_store))
    with pytest.raises(UsageError):
        details_of("no-id", lambda: Store(tiny_store))


@pytest.mark.parametrize("dry_run", [True, False])
def test_unfinished_work_and_named_steps_go_and_nothing_else(tiny_copy: Path, dry_run: bool) -> None:
    store = Store(tiny_copy)
    work = store.work("train", "0" * 64)
    (work / "half").write_bytes(b"12345")
    attack, other = list(store.all("attack"))
    told = prune(store, [attack.id[:9]], dry_run=dry_run)
    assert {Path(row["path"]) for row in told} == {work, attack.path}
    assert work.exists() is dry_run
    assert (store.get(attack.id) is None) is not dry_run
    assert store.get(other.id) is not None
    assert len(list(store.all())) == (5 if dry_run else 4)


def test_a_step_that_is_not_there_cannot_be_pruned(tiny_store: Path) -> None:
    with pytest.raises(UnknownName):
        prune(Store(tiny_store), ["f" * 12], dry_run=True)
