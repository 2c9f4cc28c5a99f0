"""Sources as a plan sees them: offline, by hashes and commits."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from adaptx.data.source import (
    FolderSource,
    HubLocation,
    as_in_source,
    is_whole,
    location_of,
    open_source,
    reader_of,
    split_files,
)
from adaptx.errors import DataFault, Exit, Missing, UnknownName, UsageError
from adaptx.mini.lexicon import tags
from adaptx.mini.suite import VERSION
from adaptx.mini.tagging import CATEGORIES
from adaptx.tasks.catalog import task_named
from adaptx.tasks.task import HubOverride

if TYPE_CHECKING:
    from adaptx.store import Store

XNLI, PAWSX, SQUAD = task_named("xnli"), task_named("pawsx"), task_named("squad")
ROW = {"premise": "a", "hypothesis": "b", "label": 0}


def test_a_folder_that_is_not_there_exits_with_missing(store: Store) -> None:
    with pytest.raises(Missing, match="neither hub nor mini") as caught:
        open_source("no/such/folder", store)
    assert caught.value.exit_code == Exit.MISSING


def test_source_names_are_recognised(store: Store, tmp_path: Path) -> None:
    assert [open_source(text, store).name for text in ("hub", "mini", str(tmp_path))] == ["hub", "mini", "folder"]


def test_revision_of_a_folder_is_the_sha256_of_its_file(folder) -> None:
    path = folder.write("xnli/de/test.jsonl", [ROW])
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert folder.source.revision(XNLI, "de", "test") == f"files:{digest}"


def test_languages_are_those_declared_and_present_in_the_pages_order(folder) -> None:
    for language in ("zh", "ko", "ar", "en"):
        folder.write(f"xnli/{language}/test.jsonl", [ROW])
    assert folder.source.languages(XNLI, "test") == ["en", "ar", "zh"]
    assert folder.source.splits(XNLI, "ar") == ["test"]
    assert folder.source.splits(XNLI, "fr") == []


def test_machine_translated_training_rows_are_not_offered(folder, store: Store) -> None:
    for language in ("de", "en"):
        folder.write(f"paws-x/{language}/train.jsonl", [ROW])
    assert folder.source.languages(PAWSX, "train") == ["en"]
    assert open_source("hub", store).languages(PAWSX, "train") == ["en"]
    assert open_source("hub", store).languages(PAWSX, "test") == list(PAWSX.languages)
    assert open_source("hub", store).splits(PAWSX, "de") == ["dev", "test"]


@pytest.mark.parametrize(("language", "split", "near"), [("en-us", "test", "en"), ("en", "tset", "test")])
def test_unknown_language_or_split_names_the_nearest(folder, language: str, split: str, near: str) -> None:
    with pytest.raises(UnknownName) as caught:
        folder.source.revision(XNLI, language, split)
    assert near in str(caught.value.hint)


def test_an_absent_split_says_which_languages_have_it(folder) -> None:
    folder.write("xnli/de/test.jsonl", [ROW])
    with pytest.raises(Missing, match=r"no rows of xnli in fr, split test: looked for .*fr/test") as caught:
        folder.source.revision(XNLI, "fr", "test")
    assert "de" in str(caught.value.hint)


def test_a_split_in_two_formats_is_refused_since_nothing_says_which(folder) -> None:
    folder.write("xnli/de/test.jsonl", [ROW])
    folder.write("xnli/de/test.jsonl.gz", [ROW])
    with pytest.raises(DataFault, match=r"has test twice: test.jsonl, test.jsonl.gz"):
        folder.source.revision(XNLI, "de", "test")


def test_shards_are_found_in_order_and_a_missing_one_is_fatal(folder) -> None:
    names = [f"test-0000{n}-of-00003.parquet" for n in (2, 0, 1)]
    paths = [folder.write_bytes(f"xnli/de/{name}", b"x") for name in names]
    found = split_files(paths[0].parent, "test")
    assert [path.name for path in found] == sorted(names)
    assert is_whole(found)
    paths[0].unlink()
    with pytest.raises(DataFault, match="does not have the shards of test, each once: test-00000-of-00003"):
        folder.source.revision(XNLI, "de", "test")


def test_a_split_whose_name_begins_another_is_not_taken_for_it(folder) -> None:
    path = folder.write_bytes("xnli/de/test-hard-00000-of-00001.parquet", b"x")
    folder.write("xnli/de/test_extra.jsonl", [ROW])
    assert split_files(path.parent, "test") == []


def test_hub_revision_is_the_pages_commit_else_the_locked_one(store: Store) -> None:
    hub = open_source("hub", store)
    assert hub.revision(XNLI, "de", "test") == f"commit:{XNLI.revision}"
    loose = replace(XNLI, revision=None)
    with pytest.raises(Missing, match="no commit of facebook/xnli") as caught:
        hub.revision(loose, "de", "test")
    assert caught.value.hint == "adaptx fetch xnli"
    store.set_lock("dataset", "facebook/xnli", "c" * 40)
    assert hub.revision(loose, "de", "test") == f"commit:{'c' * 40}"


def test_a_task_that_is_not_on_the_hub_says_so(store: Store) -> None:
    with pytest.raises(Missing, match="xnli is not on the hub"):
        open_source("hub", store).revision(replace(XNLI, hub=None, revision=None), "de", "test")


def test_the_embedded_world_speaks_languages_that_a_page_does_not_declare(store: Store) -> None:
    mini = open_source("mini", store)
    assert set(mini.languages(PAWSX, "test")) == set(tags())
    assert "ar" not in PAWSX.languages
    assert "ur" not in mini.languages(XNLI, "test")
    with pytest.raises(UnknownName, match="embedded world"):
        mini.revision(XNLI, "ur", "test")


def test_the_embedded_world_trains_in_english_unless_asked_otherwise(store: Store) -> None:
    mini = open_source("mini", store)
    mnli = task_named("mnli")
    assert mini.languages(PAWSX, "train") == mini.languages(mnli, "train") == mini.languages(mnli, "dev") == ["en"]
    assert set(mini.languages(mnli, "train", translated=True)) == set(tags())
    assert mini.splits(mnli, "sw") == ["train"]


def test_the_revision_of_the_embedded_world_holds_the_seed_and_the_size_of_the_split(store: Store) -> None:
    plain, asked = (open_source(text, store) for text in ("mini", "mini:seed=3,test=200"))
    assert plain.revision(XNLI, "en", "dev") == f"mini:{VERSION}"
    assert asked.revision(XNLI, "en", "dev") == f"mini:{VERSION},seed=3"
    assert asked.revision(XNLI, "en", "test") == f"mini:{VERSION},seed=3,test=200"
    assert (plain.name, asked.name) == ("mini", "mini")


def test_a_source_with_settings_that_mean_nothing_is_a_usage_error(store: Store) -> None:
    with pytest.raises(UsageError, match="'train=many'"):
        open_source("mini:train=many", store)


def test_a_task_as_the_embedded_world_has_it(store: Store) -> None:
    mini = open_source("mini", store)
    assert set(as_in_source(PAWSX, mini).languages) == set(tags())
    assert as_in_source(task_named("ccg"), mini).labels == CATEGORIES
    assert as_in_source(task_named("udpos"), mini).labels == task_named("udpos").labels
    assert as_in_source(task_named("udpos"), mini).extra_languages == ()


def test_no_language_or_split_of_a_page_can_leave_the_folder(folder, store: Store) -> None:
    outside = FolderSource(folder.root / "inside", store)
    folder.write("xnli/de/test.jsonl", [ROW])
    with pytest.raises(UnknownName):
        outside.revision(XNLI, "../../xnli/de", "test")
    with pytest.raises(UnknownName):
        outside.revision(XNLI, "de", "../test")


ELSEWHERE = HubOverride(languages={"lt": "lithuanian"}, hub="org/more", revision="b" * 40)


def test_a_language_elsewhere_has_its_own_data_set_and_commit(store: Store) -> None:
    task = replace(XNLI, languages={**XNLI.languages, "lt": "lithuanian"}, elsewhere=ELSEWHERE)
    assert location_of(task, "lt", "test") == HubLocation("org/more", "b" * 40, "lithuanian", ("test",), is_own=False)
    assert location_of(task, "de", "test").hub == "facebook/xnli"
    assert open_source("hub", store).revision(task, "lt", "test") == f"commit:{'b' * 40}"


def test_translations_that_lie_in_folders_only_are_not_offered_by_the_hub(folder, store: Store) -> None:
    task = replace(SQUAD, translations=HubOverride(languages={"de": "de"}))
    folder.write("squad/de/train.jsonl", [ROW])
    assert folder.source.languages(task, "train", translated=True) == ["de"]
    hub = open_source("hub", store)
    assert hub.languages(task, "train", translated=True) == ["en"]
    with pytest.raises(Missing, match="squad is not on the hub in de"):
        hub.revision(task, "de", "train")
    with pytest.raises(UnknownName):
        hub.revision(task, "de", "test")


def test_a_split_that_the_hub_lacks_is_not_offered(store: Store) -> None:
    task, hub = replace(XNLI, hub_splits={"dev": ()}), open_source("hub", store)
    assert "dev" in hub.splits(XNLI, "de")
    assert "dev" not in hub.splits(task, "de")
    assert hub.languages(task, "dev") == []
    with pytest.raises(Missing, match="xnli is not on the hub in de, split dev"):
        hub.revision(task, "de", "dev")


def test_an_extra_language_is_evaluated_only_when_asked_for(folder) -> None:
    task = replace(XNLI, extra_languages=("zh",))
    for language in ("de", "zh"):
        folder.write(f"xnli/{language}/test.jsonl", [ROW])
    assert folder.source.languages(task, "test") == ["de"]
    assert folder.source.revision(task, "zh", "test") == folder.source.revision(task, "de", "test")


def test_a_sub_folder_may_be_named_otherwise_than_the_language(folder) -> None:
    folder.write("xnli/mnli/test.jsonl", [ROW])
    assert folder.source.languages(replace(XNLI, folders={"en": "mnli"}), "test") == ["en"]
    assert folder.source.languages(XNLI, "test") == []


def test_labels_of_a_folder_are_part_of_the_revision(folder, store: Store) -> None:
    task = replace(XNLI, labels=(), labels_file="labels.txt")
    folder.write("xnli/en/test.jsonl", [ROW])
    with pytest.raises(Missing, match=r"no labels of xnli at .*labels.txt"):
        as_in_source(task, folder.source)
    folder.write_bytes("xnli/labels.txt", b"N/N\nN\n(S\\NP)/NP\n")
    assert as_in_source(task, folder.source).labels == ("N/N", "N", "(S\\NP)/NP")
    before = folder.source.revision(task, "en", "test")
    folder.write_bytes("xnli/labels.txt", b"N\nN/N\n")
    assert folder.source.revision(task, "en", "test") != before
    assert as_in_source(XNLI, folder.source) is XNLI
    with pytest.raises(Missing, match="read from a folder of yours"):
        as_in_source(task, open_source("hub", store))


@pytest.mark.parametrize(
    "numbers",
    [(0, 0, 2), (0, 2, 2), (5, 6, 7), (1, 2, 3), (0, 2), (0, 1, 2, 2)],
    ids=lambda found: "-".join(map(str, found)),
)
def test_shards_are_numbered_and_not_only_counted(numbers, folder) -> None:
    for place, number in enumerate(numbers):
        again = "-0123456789abcdef" if number in numbers[:place] else ""
        folder.write_bytes(f"xnli/de/test-{number:05d}-of-00003{again}.parquet", b"x")
    with pytest.raises(DataFault, match="does not have the shards of test, each once"):
        folder.source.revision(XNLI, "de", "test")


def test_a_folder_that_may_not_be_read_is_named(folder, monkeypatch) -> None:
    def refuse(_: Path) -> bool:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "is_file", refuse)
    with pytest.raises(DataFault, match="xnli/de cannot be read: Permission denied"):
        folder.source.revision(XNLI, "de", "test")


def test_revisions_of_a_reader_are_those_of_the_bytes_that_it_read(folder) -> None:
    path = folder.write_bytes("xnli/de/test.jsonl", b"one")
    planned, reader = folder.source.revision(XNLI, "de", "test"), reader_of(folder.source)
    assert reader.revision(XNLI, "de", "test") != planned  # nothing was read
    assert reader.read(path) == b"one"
    assert reader.revision(XNLI, "de", "test") == planned
    path.write_bytes(b"two")
    assert reader.revision(XNLI, "de", "test") == planned
    with pytest.raises(DataFault, match=r"test\.jsonl changed while it was read"):
        reader.read(path)
    other = reader_of(folder.source)
    other.read(path)
    assert other.revision(XNLI, "de", "test") != planned
