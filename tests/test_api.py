"""adaptx from Python: what the command line answers, under the same ids, without a word on stdout."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import adaptx
from adaptx import api
from adaptx.errors import Incompatible, Missing, UnknownName, UsageError
from adaptx.tables import read_rows

if TYPE_CHECKING:
    from adaptx.store import Store

TINY: dict[str, Any] = {
    "source": "mini:train=60,dev=12,test=12",
    "backbone": "nano",
    "device": "cpu",
    "languages": ["en", "zh"],
    "epochs": 1,
    "lr": 2e-3,
    "budget": 4,
}


@pytest.fixture
def made(tiny_copy: Path) -> Store:
    """Return a store that the command line has filled with ``stack pawsx --attack charswap``."""
    return adaptx.open_store(tiny_copy)


def test_importing_adaptx_imports_no_room_and_a_function_none_that_is_heavy() -> None:
    script = (
        "import sys, adaptx; assert not [m for m in sys.modules if m.startswith('adaptx.')];"
        "adaptx.stack; print([m for m in ('torch', 'transformers', 'pandas', 'rich', 'numpy') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_everything_that_is_exported_is_there_and_no_room_has_its_name(repository: Path) -> None:
    exported = [name for name in adaptx.__all__ if name != "__version__"]
    assert all(callable(getattr(adaptx, name)) for name in exported)
    rooms = {path.name for path in (repository / "adaptx").iterdir() if path.is_dir()}
    rooms |= {path.stem for path in (repository / "adaptx").glob("*.py")}
    assert rooms & set(exported) == set(), "importing the room would take the function's place"
    with pytest.raises(AttributeError):
        _ = adaptx.no_such_function


def test_a_function_shows_its_options_and_their_defaults() -> None:
    shown = inspect.signature(adaptx.stack).parameters
    assert (shown["backbone"].default, shown["budget"].default, shown["rank"].default) == (
        "xlm-roberta-large",
        64,
        None,
    )
    assert "rank" not in inspect.signature(adaptx.run).parameters


def test_the_command_line_and_python_ask_for_the_same_steps(made: Store, capfd) -> None:
    answer = adaptx.stack("pawsx", attack="charswap", store=made, **TINY)
    assert {step["status"] for step in answer.value["steps"]} == {"reused"}
    assert {step["id"] for step in answer.value["steps"]} == {record.id for record in made.all()}
    assert json.loads(answer.to_json()) == answer.value
    frame = answer.frame()
    assert set(frame["language"]) == {"en", "zh", "mean", "mean_zero_shot"}
    assert set(frame["measure"]) == {"clean", "charswap"}
    assert capfd.readouterr() == ("", ""), "a library does not print"


def test_the_table_is_printed_when_it_is_asked_for(made: Store, capfd) -> None:
    adaptx.stack("pawsx", store=made, **TINY).show()
    assert capfd.readouterr().out.startswith("Generated world")


def test_work_is_silent_on_stdout_and_tells_its_progress_to_the_callback(tmp_path: Path, capfd) -> None:
    events: list[Any] = []
    answer = adaptx.train("sst2", store=tmp_path / "runs", progress=events.append, **TINY)
    assert [step["status"] for step in answer.value["steps"]] == ["made"]
    assert {"plan", "train"} <= {event.get("phase") for event in events}
    assert any(event.get("expected_seconds", 0) > 0 for event in events)
    assert capfd.readouterr().out == ""
    assert list(answer.frame()["id"]) == [answer.value["id"]]


def test_a_plan_makes_nothing_and_says_what_would_be_done(made: Store) -> None:
    before = {record.id for record in made.all()}
    planned = adaptx.plan(adaptx.stack, "squad", "pawsx", attack="charswap", store=made, **TINY)
    assert set(planned.frame()["status"]) == {"to do"}
    assert planned.value["seconds"] > 0
    assert {record.id for record in made.all()} == before
    done = adaptx.plan(adaptx.stack, "pawsx", store=made, **TINY)
    assert set(done.frame()["status"]) == {"done"}


def test_what_computes_nothing_cannot_be_planned() -> None:
    with pytest.raises(UsageError, match="verify"):
        adaptx.plan(adaptx.verify)


def test_a_misspelt_option_is_refused_by_every_function_before_any_work(tmp_path: Path) -> None:
    for call in (
        lambda **options: adaptx.stack("pawsx", **options),
        lambda **options: adaptx.compare("squad", "pawsx", **options),
        lambda **options: adaptx.run(tmp_path / "none.toml", **options),
        lambda **options: adaptx.load_stack("pawsx", **options),
    ):
        with pytest.raises(UnknownName, match="option 'max_evall'"):
            call(max_evall=3)


def test_lists_pages_and_steps_are_frames(made: Store) -> None:
    tasks = adaptx.ls("tasks")
    assert {"pawsx", "squad"} <= set(tasks.frame()["name"])
    assert next(page for page in tasks.value if page["name"] == "pawsx")["labels"] == ["0", "1"]
    adapters = adaptx.ls("adapters", store=made)
    assert list(adapters.frame()["name"]) == ["pawsx"]
    shown = adaptx.show(str(adapters.frame()["id"][0]), store=made)
    assert shown.value["spec"]["kind"] == "train"
    assert list(adaptx.show("pawsx").frame()["name"]) == ["pawsx"]
    with pytest.raises(UnknownName, match="kind 'task'"):
        adaptx.ls("task")


def test_a_store_is_verified_explained_and_pruned(made: Store, tmp_path: Path) -> None:
    assert set(adaptx.verify(store=made).frame()["kind"]) == {"train", "eval", "attack"}
    first = next(record.id for record in made.all("eval"))
    assert list(adaptx.why(first, store=made).frame()["path"]) == ["rows.language"]
    gone = adaptx.prune(first, dry_run=True, store=made)
    assert len(gone.frame()) == 1
    assert made.get(first) is not None
    top = next(record.id for record in made.all("train"))
    copied = adaptx.export(top, to="peft", folder=tmp_path / "adapter", store=made)
    assert (tmp_path / "adapter" / "adapter_config.json").is_file()
    assert list(copied.frame()["result"]) == [top[:12]]


def test_a_faulty_store_is_an_answer_and_no_exception(made: Store) -> None:
    record = next(made.all("eval"))
    (record.path / "scores.json").write_text("{}", encoding="utf-8")
    faults = adaptx.verify(record.id, store=made).value["steps"][0]["faults"]
    assert any("scores.json" in fault for fault in faults)


def test_the_store_is_the_nearest_one_upward_unless_it_is_named(made: Store, monkeypatch) -> None:
    monkeypatch.chdir(made.root.parent)
    assert adaptx.open_store().root.resolve() == made.root.resolve()
    assert adaptx.open_store(made) is made
    assert adaptx.open_store(str(made.root)).root == made.root


def test_a_report_of_what_was_not_run_says_what_runs_it(tmp_path: Path) -> None:
    recipe = tmp_path / "study.toml"
    recipe.write_text(
        'why = "?"\nintermediates = ["squad"]\ntargets = ["pawsx"]\nbackbones = ["nano"]\nsource = "mini"\n',
        encoding="utf-8",
    )
    with pytest.raises(Missing) as caught:
        adaptx.report(recipe, store=tmp_path / "runs")
    assert caught.value.hint == f"adaptx run {recipe} --store {tmp_path / 'runs'}"


PAIR = {"sentence1": "the cat sees the dog", "sentence2": "the dog sees the cat"}


def test_a_stored_stack_answers_as_it_was_evaluated(made: Store) -> None:
    from adaptx.data.cell import Cell
    from adaptx.data.rows import load
    from adaptx.data.source import open_source

    model = adaptx.load_stack("pawsx", store=made, **TINY)
    examples = load(Cell(open_source(TINY["source"], made), model.task, "zh", "test")).examples
    answers = model.predict([dict(example.texts) for example in examples])
    cell = next(record for record in made.all("eval") if record.spec["rows"]["language"] == "zh")
    stored = read_rows(cell.path / "predictions.parquet")
    assert [model.task.labels.index(answer["label"]) for answer in answers] == [row["prediction"] for row in stored]


def test_a_stack_is_named_by_its_request_or_by_the_id_of_an_adapter_or_an_evaluation(made: Store) -> None:
    named = adaptx.load_stack("pawsx", store=made, **TINY).predict([PAIR])
    for kind in ("train", "eval"):
        step = next(made.all(kind)).id
        assert adaptx.load_stack(id=step[:12], store=made, device="cpu").predict([PAIR]) == named


def test_a_loaded_stack_is_a_torch_module_with_its_tokenizer(made: Store) -> None:
    model = adaptx.load_stack("pawsx", store=made, **TINY)
    encoded = model.tokenizer([PAIR["sentence1"]], [PAIR["sentence2"]], return_tensors="pt")
    logits = model(**encoded)
    assert logits.softmax(-1)[0].tolist() == pytest.approx(
        list(model.predict([PAIR])[0]["probabilities"].values()), abs=1e-5
    )
    assert not model.training
    assert not any(parameter.requires_grad for parameter in model.parameters())
    assert model.predict([]) == []


def test_a_bare_backbone_embeds_where_the_task_is_retrieval(made: Store) -> None:
    model = adaptx.load_stack("tatoeba", store=made, **{**TINY, "languages": "de"})
    assert len(model.fields) == 1
    one, other, same = (row["vector"] for row in model.predict([{model.fields[0]: text} for text in ("a", "b", "a")]))
    assert sum(value * value for value in one) == pytest.approx(1, abs=1e-5)
    assert one == same != other


def test_a_stack_that_was_not_trained_or_cannot_answer_is_refused_with_what_would_work(made: Store) -> None:
    with pytest.raises(Missing) as caught:
        adaptx.load_stack("squad", "pawsx", store=made, **TINY)
    assert "adaptx stack squad pawsx" in str(caught.value.hint)
    top = next(made.all("train")).id
    with pytest.raises(Incompatible, match="squad"):
        adaptx.load_stack(id=top, on="squad", store=made)
    attack = next(made.all("attack")).id
    with pytest.raises(Incompatible, match="attack"):
        adaptx.load_stack(id=attack, store=made)
    with pytest.raises(UsageError, match="no stack"):
        adaptx.load_stack(store=made)


def test_weights_that_were_removed_are_missing_and_changed_ones_are_corrupt(made: Store) -> None:
    top = next(made.all("train"))
    made.evict(top.id)
    with pytest.raises(Missing, match="removed"):
        adaptx.load_stack(id=top.id, store=made, device="cpu")


def test_the_way_in_is_the_only_thing_that_a_doctor_needs(tmp_path: Path) -> None:
    findings = api.doctor(store=tmp_path / "runs").frame()
    assert set(findings["state"]) <= {"ok", "note", "fault"}
    assert "python" in set(findings["check"])
