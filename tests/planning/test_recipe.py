"""Recipes: what a file means, and that every mistake of it is told at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adaptx.errors import Exit, Missing, UsageError
from adaptx.methods import method_names
from adaptx.planning.arms import Comparison, arms_of
from adaptx.planning.choices import Choices, PerTask
from adaptx.planning.options import OPTIONS
from adaptx.planning.planner import plan_all
from adaptx.planning.recipe import RULES, is_recipe, read_recipe
from adaptx.store import Store

if TYPE_CHECKING:
    from adaptx.planning.request import Request

LEAST = 'why = "to see"\nintermediates = ["squad"]\ntargets = ["pawsx"]\n'


@pytest.fixture
def written(tmp_path: Path):
    def write(text: str) -> Path:
        file = tmp_path / "study.toml"
        file.write_text(text, encoding="utf-8")
        return file

    return write


def told(file: Path) -> str:
    with pytest.raises(UsageError) as caught:
        read_recipe(file)
    assert caught.value.exit_code == Exit.USAGE
    return str(caught.value)


def test_what_a_recipe_leaves_out_is_what_compare_does_without_options(written) -> None:
    (comparison,) = read_recipe(written(LEAST)).comparisons()
    assert comparison == Comparison(intermediate="squad", target="pawsx", seeds=(0,), choices=Choices())


def test_a_grid_is_every_backbone_intermediate_and_target_in_the_order_of_the_file(written) -> None:
    text = 'why = "x"\nbackbones = ["nano", "b"]\nintermediates = ["squad", "mnli"]\ntargets = ["xnli", "pawsx"]\n'
    found = [(c.choices.backbone, c.intermediate, c.target) for c in read_recipe(written(text)).comparisons()]
    assert found == [(b, i, t) for b in ("nano", "b") for i in ("squad", "mnli") for t in ("xnli", "pawsx")]


@pytest.mark.parametrize(("text", "seeds"), [("3", (0, 1, 2)), ("[13, 42]", (13, 42))])
def test_seeds_are_a_count_or_a_list(written, text: str, seeds: tuple[int, ...]) -> None:
    assert read_recipe(written(f"{LEAST}seeds = {text}\n")).comparisons()[0].seeds == seeds


def test_numbers_are_read_as_the_command_line_reads_them(written) -> None:
    text = "lr = {pawsx = 1, full = 1e-5, default = 2e-4}\nmax_train = 400\n[epochs]\nlora = 2\n"
    choices = read_recipe(written(LEAST + text)).choices
    assert choices.lr == PerTask.parse("--lr", ["2e-4", "pawsx=1", "full=1e-5"])
    assert repr(choices.max_train) == repr(PerTask.parse("--max-train", ["400"])), "400 and 400.0 have different ids"
    assert repr(choices.epochs) == repr(PerTask.parse("--epochs", ["lora=2"]))


def test_a_grid_shares_the_arms_without_an_intermediate_and_has_the_ids_of_compare(written, tmp_path: Path) -> None:
    def ids(requests: list[Request]) -> set[str]:
        return {step.id for making in plan_all(requests, Store(tmp_path)) for step in making.plan.steps}

    text = LEAST.replace('["squad"]', '["squad", "mnli"]')
    text += 'source = "mini"\nbackbones = ["nano"]\nattacks = ["charswap"]\n'
    choices = Choices(source="mini", backbone="nano", attacks=("charswap",))
    arms = [
        arms_of(Comparison(intermediate=name, target="pawsx", seeds=(0,), choices=choices))
        for name in ("squad", "mnli")
    ]
    squad, mnli = (ids([arm.request for arm in each]) for each in arms)
    assert ids(read_recipe(written(text)).requests()) == squad | mnli
    assert squad & mnli == ids([arm.request for arm in arms[0] if arm.intermediate is None])


def test_every_option_that_says_what_to_compute_is_a_key() -> None:
    options = {name for name, option in OPTIONS.items() if option.section != "how"}
    grid = {"backbone": "backbones", "seed": "seeds", "method": "methods", "attack": "attacks"}
    assert {grid.get(name, name) for name in options} == set(RULES) - {"why", "intermediates", "targets", "control"}


def test_every_mistake_is_told_at_once_with_its_line_and_the_nearest_name(written) -> None:
    text = (
        'why = "x"\nintermediate = ["squad"]\ntargets = ["pawsxx"]\nmethods = ["lorra"]\nattacks = ["charswop"]\n'
        "max_eval = 0.5\nseeds = true\n[lr]\nfoll = 1e-4\n"
    )
    lines = told(written(text)).splitlines()
    assert lines[0].endswith("study.toml has 8 mistakes:")
    wanted = [
        ("intermediates: is missing",),
        ("line 2: intermediate: unknown key", "'intermediates'"),
        ("line 3: targets: unknown task 'pawsxx'", "pawsx"),
        ("line 4: methods: unknown 'lorra'", "'lora'"),
        ("line 6: max_eval: 0.5",),
        ("line 7: seeds: True",),
        ("line 5: attacks: unknown attack 'charswop'", "charswap"),
        ("line 8: lr: 'foll' is no task or method", "'full'"),
    ]
    for line, words in zip(lines[1:], wanted, strict=True):
        assert [word for word in words if word not in line] == [], line


def test_why_comes_first_and_is_not_blank(written) -> None:
    assert "why: comes first" in told(written('source = "mini"\n' + LEAST))
    assert "why: ' '" in told(written(LEAST.replace("to see", " ")))


def test_a_language_that_a_target_does_not_have_is_a_mistake(written) -> None:
    assert "languages: pawsx is not in 'sw'" in told(written(LEAST + 'languages = ["de", "sw"]\n'))


@pytest.mark.parametrize("source", ["mini", "mini:seed=3"])
def test_the_generated_world_has_languages_that_a_page_lacks_and_lacks_others(written, source: str) -> None:
    text = f'{LEAST}source = "{source}"\n'
    assert read_recipe(written(text + 'languages = ["sw"]\n')).choices.languages == ("sw",)
    assert "languages: xnli is not in 'th'" in told(
        written(text.replace('["pawsx"]', '["xnli"]') + 'languages = ["th"]\n')
    )


def test_a_file_that_is_not_there_or_not_toml_is_named(written, tmp_path: Path) -> None:
    with pytest.raises(Missing, match="no recipe at"):
        read_recipe(tmp_path / "none.toml")
    assert "study.toml is not TOML" in told(written("why = ="))
    (tmp_path / "latin.toml").write_bytes(b'why = "\xe9"')
    assert "latin.toml is not TOML" in told(tmp_path / "latin.toml")


def test_a_recipe_is_told_from_a_task_a_page_and_a_file_that_is_neither(written, repository: Path) -> None:
    pages = repository / "adaptx" / "tasks" / "catalog"
    assert is_recipe(str(written(LEAST)))
    assert [name for name in ("squad", "none.toml", str(pages / "squad.toml")) if is_recipe(name)] == []
    assert not is_recipe(str(written("why = =")))


SCALARS = st.one_of(st.booleans(), st.integers(-3, 2**70), st.floats(), st.text(max_size=5))
RIGHT = st.sampled_from([["squad"], ["lora"], ["charswap"], ["de"], "mini", "greedy", 2, 0.5, {"lora": 3}])
VALUES = st.one_of(
    RIGHT, SCALARS, st.lists(SCALARS, max_size=3), st.dictionaries(st.text(max_size=4), SCALARS, max_size=3)
)


def toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{toml(key)} = {toml(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return str(value).lower() if isinstance(value, bool) else repr(value)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from([*RULES, "metods", "x"]), VALUES, max_size=6), st.booleans())
def test_any_values_make_a_recipe_or_one_error_that_names_each_wrong_key(
    written, drawn: dict[str, Any], whole: bool
) -> None:
    document = {"why": "x", "intermediates": ["mnli"], "targets": ["pawsx"]} | drawn if whole else drawn
    file = written("".join(f"{key} = {toml(value)}\n" for key, value in document.items()))
    try:
        recipe = read_recipe(file)
    except UsageError as error:
        told = str(error)
        assert [key for key in document if key not in RULES and f"{key}: unknown key" not in told] == []
        assert [key for key in ("why", "targets") if key not in document and f"{key}: is missing" not in told] == []
    else:
        assert set(recipe.methods) <= set(method_names())
        assert recipe.requests()


@pytest.mark.parametrize("name", ["quickstart", "mini-study"])
def test_a_recipe_of_the_repository_is_right_and_stays_in_the_generated_world(repository: Path, name: str) -> None:
    recipe = read_recipe(repository / "recipes" / f"{name}.toml")
    assert (recipe.name, recipe.choices.source, recipe.backbones) == (name, "mini", ("nano",))


def test_every_recipe_of_the_repository_is_right(repository: Path) -> None:
    files = sorted((repository / "recipes").glob("*.toml"))
    assert files
    assert all(read_recipe(file).requests() for file in files)
