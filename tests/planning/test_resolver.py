"""What a request comes to: values of pages and options, rows, languages, the text of masked language modelling."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from adaptx import registry
from adaptx.data.source import open_source
from adaptx.errors import AdaptxError, Incompatible, Missing, UnknownName, UsageError
from adaptx.methods import method_named
from adaptx.planning.choices import Choices, PerTask
from adaptx.planning.layers import layers_of, training_layers
from adaptx.planning.resolver import Resolver
from adaptx.spec import Sampling, digest
from adaptx.tasks.catalog import task_named
from adaptx.tasks.mlm import MLM, MLM_VERSION

if TYPE_CHECKING:
    from adaptx.store import Store

PAIR = {"premise": "a", "hypothesis": "b", "label": 0}
Ask = Callable[..., Resolver]


@pytest.fixture
def ask(store: Store) -> Ask:
    """Return a maker of resolvers over the generated world, or the source that is given."""

    def resolve(*names: str, on: str | None = None, cells: bool = True, **choices: Any) -> Resolver:
        asked = Choices(**{"source": "mini", "backbone": "nano"} | choices)
        layers, target = layers_of(names, on) if cells else (training_layers(names), None)
        return Resolver(asked, store, open_source(asked.source, store), layers, target)

    return resolve


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "rows"


def write(folder: Path, *names: str, row: dict[str, Any] | None = None) -> None:
    for name in names:
        path = folder / f"{name}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(row or PAIR) + "\n", encoding="utf-8")


def refusal(kind: type[AdaptxError], call: Callable[[], object]) -> tuple[str, str | None]:
    with pytest.raises(kind) as caught:
        call()
    return str(caught.value), caught.value.hint


@pytest.mark.parametrize("method", ["lora", "bottleneck", "full"])
@pytest.mark.parametrize("task", ["pawsx", "squad", "mnli", "panx"])
def test_numbers_are_the_pages_for_the_method_until_something_is_asked(ask: Ask, task: str, method: str) -> None:
    page, found = task_named(task).defaults_of(method), ask(task, method=method)
    how, learnt = found.optimisation(found.target), found.method(found.target)
    for name in ("lr", "epochs", "batch", "max_length"):
        assert getattr(how, name) == page[name], name
    usual = {"rank": 8, "reduction": 16}  # what is at its default is not in the id
    stated = {key: page[key] for key in usual if key in page and page[key] != usual[key]}
    assert (learnt.name, dict(learnt.parameters)) == (method, stated)
    asked = ask(task, method=method, lr=PerTask(0.5), epochs=PerTask(7.0), batch=PerTask(3.0), max_length=PerTask(9.0))
    changed = asked.optimisation(asked.target)
    assert (changed.lr, changed.epochs, changed.batch, changed.max_length) == (0.5, 7.0, 3, 9)
    assert type(changed.batch) is type(changed.max_length) is int
    assert (changed.stride, changed.select) == (how.stride, how.select)


def test_a_number_of_another_task_or_method_is_not_taken(ask: Ask) -> None:
    found = ask("squad", "pawsx", lr=PerTask(None, {"squad": 0.5, "full": 0.25}))
    squad, pawsx = (found.optimisation(layer[0]).lr for layer in found.layers)
    assert (squad, pawsx) == (0.5, task_named("pawsx").defaults_of("lora")["lr"])


def test_the_weights_that_are_kept_are_asked_for_or_the_pages(ask: Ask) -> None:
    task = ask("pawsx").target
    assert ask("pawsx", select="last").optimisation(task).select == "last"
    assert ask("pawsx").optimisation(task).select == "best-dev"


def test_a_rank_is_taken_by_lora_and_refused_for_other_methods(ask: Ask) -> None:
    found = ask("pawsx", rank=4)
    assert found.method(found.target).parameters == {"rank": 4}
    other = ask("pawsx", rank=4, method="bottleneck")
    assert refusal(UsageError, lambda: other.method(other.target)) == (
        "--rank means nothing to method bottleneck",
        "use --method lora",
    )


@pytest.mark.parametrize(
    ("page", "rank", "parameters"),
    [
        ({"rank": 16, "alpha": 64}, 32, {"rank": 32, "alpha": 128.0}),
        ({"rank": 16, "alpha": 64}, 4, {"rank": 4, "alpha": 16.0}),
        ({"rank": 16, "alpha": 64}, None, {"rank": 16, "alpha": 64.0}),
        ({"rank": 16, "alpha": 32}, 4, {"rank": 4}),  # twice the rank, as everywhere
    ],
)
def test_alpha_scales_with_a_rank_that_was_asked_for(ask: Ask, page: dict, rank: int | None, parameters: dict) -> None:
    found = ask("pawsx", rank=rank)
    task = replace(found.target, defaults={"lora": page})
    assert found.method(task).parameters == parameters


def test_a_page_that_says_nothing_of_a_method_leaves_it_to_the_method(ask: Ask) -> None:
    found = ask("pawsx", method="bottleneck")
    silent = replace(found.target, defaults={"epochs": 9, "lora": {"lr": 1.0}})
    how, usual = found.optimisation(silent), method_named("bottleneck").numbers()
    assert (how.lr, how.epochs, how.batch) == (usual["lr"], 9.0, usual["batch"])
    assert found.method(silent) == method_named("bottleneck").spec()


def test_a_method_that_nothing_can_stand_on_is_refused_in_a_stack_and_trained_alone(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone, load = replace(method_named("lora"), stands_on=()), registry.load
    monkeypatch.setattr(registry, "load", lambda g, n: alone if (g, n) == (registry.METHODS, "lora") else load(g, n))
    found = ask("squad", "pawsx")
    assert refusal(Incompatible, lambda: found.method(found.target)) == (
        "method 'lora' cannot be stacked: of 2 layers one would stand on another",
        "train one task with it, or stack by another --method",
    )
    assert ask("pawsx").method(task_named("pawsx")).name == "lora"


def test_rows_carry_everything_that_decides_them(ask: Ask) -> None:
    found = ask("pawsx", max_train=PerTask(50.0), max_eval=7)
    train, dev = found.training_rows(found.target)
    assert dev is not None
    page = found.target
    assert (train.task, train.task_version, train.form) == ("pawsx", page.version, "classification")
    assert (train.language, train.split, train.limit) == ("en", "train", 50)
    assert (dev.language, dev.split, dev.limit) == ("en", "dev", None)
    assert train.source == dev.source == "mini"
    assert train.revision.startswith("mini:")
    rows = found.evaluation_rows("zh")
    assert (rows.language, rows.split, rows.limit) == ("zh", "test", 7)
    assert type(train.limit) is int


def test_the_languages_of_a_name_are_trained_in_and_selected_by(ask: Ask) -> None:
    found = ask("pawsx@zh,de")
    train, dev = found.training_rows(found.layers[0][0])
    assert dev is not None
    assert (train.language, train.task) == ("zh,de", "pawsx")
    assert set(dev.language.split(",")) <= {"zh", "de", "en"}


def test_a_language_without_dev_rows_is_selected_by_the_pages_and_none_by_none(ask: Ask, folder: Path) -> None:
    row = {"id": "1", "sentence1": "a", "sentence2": "b", "label": 0}
    write(folder, "paws-x/de/train", "paws-x/en/train", "paws-x/en/validation", "paws-x/fr/train", row=row)
    found = ask("pawsx@de", source=str(folder), cells=False)
    _, dev = found.training_rows(found.layers[0][0])
    assert (dev.language if dev else None) == "en"
    write(folder, "paws-x/de/validation", row=row)
    found = ask("pawsx@de,fr", source=str(folder), cells=False)
    _, dev = found.training_rows(found.layers[0][0])
    assert (dev.language if dev else None) == "de"
    (folder / "paws-x" / "en" / "validation.jsonl").unlink()
    (folder / "paws-x" / "de" / "validation.jsonl").unlink()
    found = ask("pawsx@de", source=str(folder), cells=False)
    assert found.training_rows(found.layers[0][0])[1] is None


def test_all_languages_are_those_with_training_rows_and_there_must_be_one(ask: Ask, folder: Path) -> None:
    row = {"id": "1", "sentence1": "a", "sentence2": "b", "label": 0}
    folder.mkdir()
    found = ask("pawsx@all", source=str(folder), cells=False)
    assert refusal(Missing, lambda: found.training_rows(found.layers[0][0])) == (
        "the source has no training rows of pawsx in any language",
        "--source FOLDER",
    )
    write(folder, "paws-x/de/train", "paws-x/ko/train", row=row)
    found = ask("pawsx@all", source=str(folder), cells=False)
    assert found.training_rows(found.layers[0][0])[0].language == "de,ko"


def test_a_task_of_a_mixture_brings_rows_dev_rows_and_lengths_of_its_own(ask: Ask) -> None:
    found = ask("mnli+squad", cells=False, max_train=PerTask(None, {"squad": 20.0}), sampling="uniform")
    mnli, squad = found.layers[0]
    part = found.part(squad, mnli)
    train, dev = found.training_rows(squad)
    how = found.optimisation(squad)
    assert (part.rows, part.dev, part.share) == (train, dev, None)
    assert part.dev is not None
    assert (part.max_length, part.stride) == (how.max_length, how.stride)
    assert (part.rows.limit, found.training_rows(mnli)[0].limit) == (20, None)
    assert found.sampling == Sampling(kind="uniform")


@pytest.fixture
def texts(folder: Path) -> Path:
    (folder / "text").mkdir(parents=True)
    (folder / "text" / "de.txt").write_text("Anna lacht.\n", encoding="utf-8")
    (folder / "text" / "sw.txt").write_text("Anna anacheka.\n", encoding="utf-8")
    return folder / "text"


def test_text_beside_a_task_has_its_languages_its_share_and_the_length_of_the_first(ask: Ask, texts: Path) -> None:
    mixing = {"mlm": "de,sw:0.25", "mlm_text": str(texts), "max_train": PerTask(None, {"mlm": 30.0})}
    found = ask("mnli", "pawsx", max_length=PerTask(None, {"mnli": 77.0}), **mixing)
    assert [[task.name for task in layer] for layer in found.layers] == [["mnli", "mlm"], ["pawsx"]]
    part = found.part(MLM, found.layers[0][0])
    hashes = [hashlib.sha256((texts / f"{tag}.txt").read_bytes()).hexdigest() for tag in ("de", "sw")]
    assert part.rows.revision == f"files:{digest(hashes)}"
    assert (part.rows.source, part.rows.language, part.rows.split) == ("folder", "de,sw", "train")
    assert (part.rows.task, part.rows.task_version) == (MLM.name, MLM.version)
    assert (part.rows.form, part.rows.form_version, part.rows.limit) == (MLM.form, MLM_VERSION, 30)
    assert (part.dev, part.max_length, part.share) == (None, 77, 0.25)


def test_changed_text_is_another_part(ask: Ask, texts: Path) -> None:
    mixing = {"mlm": "de:0.25", "mlm_text": str(texts)}
    found = ask("mnli", **mixing)
    before = found.part(MLM, found.layers[0][0])
    (texts / "de.txt").write_text("Anna weint.\n", encoding="utf-8")
    again = ask("mnli", **mixing)
    assert again.part(MLM, again.layers[0][0]).rows.revision != before.rows.revision


@pytest.mark.parametrize(
    ("typed", "layers"),
    [
        (("mnli",), [["mnli", "mlm"]]),
        (("mnli", "squad", "pawsx"), [["mnli", "mlm"], ["squad", "mlm"], ["pawsx"]]),
    ],
)
def test_text_goes_beside_every_layer_but_the_targets_unless_that_is_the_only_one(
    ask: Ask, texts: Path, typed: tuple[str, ...], layers: list[list[str]]
) -> None:
    found = ask(*typed, mlm="de:0.5", mlm_text=str(texts))
    assert [[task.name for task in layer] for layer in found.layers] == layers
    assert [[task.name for task in layer] for layer in ask(*typed).layers] == [layer[:1] for layer in layers]


def test_text_lies_where_it_is_said_or_beside_the_rows(ask: Ask, texts: Path, folder: Path) -> None:
    assert ask("mnli").text_folder is None
    assert ask("mnli", mlm="de:0.5", mlm_text="some/where").text_folder == Path("some/where")
    write(folder, "mnli/en/train")
    assert ask("mnli", mlm="de:0.5", source=str(folder), cells=False).text_folder == texts
    nowhere = ask("mnli", mlm="de:0.5")
    assert refusal(Missing, lambda: nowhere.text_folder) == (
        "--mlm reads text of yours, which mini has none of",
        "--mlm-text FOLDER",
    )


def test_a_language_without_text_is_refused_with_what_there_is(ask: Ask, texts: Path) -> None:
    found = ask("mnli", mlm="fr:0.5", mlm_text=str(texts))
    message, hint = refusal(Missing, lambda: found.part(MLM, found.layers[0][0]))
    assert "no text in 'fr'" in message
    assert hint is not None
    assert "de, sw" in hint


def test_the_split_is_asked_for_or_the_pages(ask: Ask) -> None:
    assert ask("pawsx").split == task_named("pawsx").report_split == "test"
    assert ask("pawsx", split="dev").split == "dev"
    unknown = ask("pawsx", split="tset")
    assert refusal(UnknownName, lambda: unknown.split) == ("unknown split of pawsx 'tset'", "did you mean test?")


def test_a_split_without_published_labels_is_refused_with_those_that_have_them(ask: Ask, folder: Path) -> None:
    write(folder, "qqp/en/train", "qqp/en/test")
    found = ask("qqp", source=str(folder), split="test")
    assert refusal(UsageError, lambda: found.split) == (
        "the labels of qqp, split test, are not published, so it cannot be evaluated",
        "--split dev",
    )


def test_languages_are_asked_for_or_those_that_the_source_has(ask: Ask) -> None:
    assert list(ask("pawsx", languages=("zh", "de")).languages) == ["zh", "de"]
    found = ask("pawsx")
    assert found.languages == found.source.languages(found.target, "test")
    unknown = ask("pawsx", languages=("de", "xx"))
    assert refusal(UnknownName, lambda: unknown.languages)[0] == "unknown language of pawsx 'xx'"


def test_a_source_without_rows_is_told_with_the_split_that_has_some(ask: Ask, folder: Path) -> None:
    row = {"id": "1", "sentence1": "a", "sentence2": "b", "label": 0}
    write(folder, "paws-x/en/train", row=row)
    found = ask("pawsx", source=str(folder))
    message = "the source has no rows of pawsx, split test, in any language"
    assert refusal(Missing, lambda: found.languages) == (message, "--source FOLDER")
    write(folder, "paws-x/de/validation", row=row)
    found = ask("pawsx", source=str(folder))
    assert refusal(Missing, lambda: found.languages) == (message, "--split dev")


def test_a_layer_is_read_by_a_search_and_by_nothing_else(ask: Ask) -> None:
    assert ask("tatoeba", layer=3).layer == 3
    assert ask("pawsx").layer is None
    found = ask("pawsx", layer=3)
    message, hint = refusal(UsageError, lambda: found.layer)
    assert message == "--layer means nothing to pawsx: classification reads the last layer"
    assert hint is None


def test_a_search_has_a_pool_and_other_forms_have_none(ask: Ask) -> None:
    assert ask("pawsx").pool("de") == ""
    bucc = ask("bucc")
    assert bucc.pool(bucc.languages[0]) != ""


def test_the_length_of_a_search_is_asked_for_or_the_pages(ask: Ask) -> None:
    page = task_named("tatoeba").defaults_of("lora")["max_length"]
    assert ask("tatoeba").evaluation_lengths() == (page, 128)
    assert ask("tatoeba", max_length=PerTask(33.0)).evaluation_lengths() == (33, 128)


def test_a_value_for_nothing_is_refused_with_the_nearest_name(ask: Ask) -> None:
    for option in ("lr", "epochs", "batch", "max_length", "max_train"):
        given = {option: PerTask(None, {"pawx": 1.0})}
        message, hint = refusal(UnknownName, lambda given=given: ask("pawsx", **given))
        assert message == f"unknown task or method of --{option.replace('_', '-')} 'pawx'"
        assert hint is not None
        assert "pawsx" in hint


def test_a_method_that_nobody_knows_is_refused(ask: Ask) -> None:
    message, hint = refusal(UnknownName, lambda: ask("pawsx", method="lorra"))
    assert (message, hint) == ("unknown method 'lorra'", "did you mean lora?")


def test_a_request_without_a_target_is_for_its_topmost_task(ask: Ask) -> None:
    assert ask("squad", "mnli+pawsx", cells=False).target.name == "mnli"


def test_the_seed_is_that_of_every_layer(ask: Ask) -> None:
    assert ask("pawsx", seed=5).seed == 5
