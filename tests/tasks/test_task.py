"""Pages: every mistake is told at once, and none builds a task."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adaptx.errors import UsageError
from adaptx.tasks.catalog import PAGES
from adaptx.tasks.page import RULES, join_tables, mistakes_of, read_page

PAGE = """
name = "toy"
version = 1
form = "classification"
title = "Toy"
metric = "accuracy"
chance = 0.5
licence = "CC0"
cite = "nobody-2026"
trains_on = ["toy"]
labels = ["no", "yes"]
folder = "toy"
hub = "org/toy"
report_split = "test"

[languages]
en = "en"
zh-Hant = "tw"

[splits]
train = "train"
test = "test"

[columns]
text = "sentence"
label = "gold"

[fields]
text = true

[defaults]
epochs = 1
batch = 8
max_length = 64
lora = { lr = 1e-3, rank = 4, targets = ["query", "value"] }
full = { lr = 1e-5, batch = 32 }
"""


def told(text: str) -> str:
    with pytest.raises(UsageError) as caught:
        read_page(text, "toy.toml")
    return str(caught.value)


def test_a_method_overrides_what_the_page_says_for_all() -> None:
    task = read_page(PAGE, "toy.toml")
    assert task.defaults_of("full")["batch"] == 32
    assert task.defaults_of("lora")["batch"] == task.defaults_of("bottleneck")["batch"] == 8
    assert task.defaults_of("lora")["targets"] == ("query", "value")


def test_what_may_be_attacked_is_the_pages_choice() -> None:
    assert read_page(PAGE, "toy.toml").attackable == ("text",)
    assert read_page(PAGE.replace("text = true", "text = false"), "toy.toml").attackable == ()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("licence =", "license =", "unknown key 'license': did you mean 'licence'?"),
        ('title = "Toy"', "", "missing key 'title'"),
        ("version = 1", 'version = "1"', "version: '1' is not a whole number above 0"),
        ("version = 1", "version = true", "version: True is not a whole number"),
        ('"classification"', '"clasification"', "form: unknown form 'clasification'; did you mean classification?"),
        ('"accuracy"', '"acuracy"', "metric: form classification has no 'acuracy': did you mean 'accuracy'?"),
        ('"accuracy"', '"em"', "metric: form classification has no 'em' (known: accuracy, f1, pearson)"),
        ("chance = 0.5", "chance = 50", "chance: 50 is not a fraction"),
        ("zh-Hant", "chinese", "languages: 'chinese' is not a BCP-47 tag"),
        ("zh-Hant", "ZH", "languages: 'ZH' is not a BCP-47 tag"),
        ('"org/toy"', '"toy"', "hub: 'toy' is not a hub id"),
        ('"org/toy"', '"org/toy"\nrevision = "main"', "revision: 'main' is not a commit of 40 hex digits"),
        ('"org/toy"', f'"org/toy"\nrevision = "{"A" * 40}"', "is not a commit of 40 hex digits"),
        ('hub = "org/toy"', f'revision = "{"a" * 40}"', "revision: of what? hub is missing"),
        ('folder = "toy"', 'folder = "../toy"', "folder: '../toy' is not a single name without a path in it"),
        ('test = "test"', 'tset = "test"', "splits: unknown 'tset': did you mean 'test'?"),
        ('test = "test"', 'test = "../../x"', "splits: test = '../../x' is not a single name"),
        ('report_split = "test"', 'report_split = "dev"', "report_split: 'dev' is not among the splits"),
        ('label = "gold"', 'lable = "gold"', "columns: 'label' is missing"),
        ('label = "gold"', 'lable = "gold"', "columns: 'lable' is read by nothing: did you mean 'label'?"),
        ("text = true", "text = 1", "fields: text = 1 is neither true nor false"),
        ('["no", "yes"]', '["no", "no"]', "labels: ['no', 'no'] names something twice"),
        ('labels = ["no", "yes"]', "", "labels: form classification needs labels"),
        ('"org/toy"', '"org/toy"\nrepair = "mend"', "repair: form classification has no 'mend'"),
        ("epochs = 1", "epoch = 1", "defaults: unknown 'epoch': did you mean 'epochs'?"),
        ("rank = 4", "rnak = 4", "defaults: lora: unknown 'rnak': did you mean 'rank'?"),
        ('"org/toy"', '"org/toy"\ntraining_languages = ["de"]', "training_languages: 'de' is not declared"),
        ('"org/toy"', '"org/toy"\nholdout = 0.1', "holdout: dev is cut from train"),
        ('"org/toy"', '"org/toy"\nhub_splits = { dev = "x" }', "hub_splits: 'dev' is not among the splits"),
        ('"org/toy"', '"org/toy"\nsizes = { dev = 3 }', "sizes: 'dev' is not among the splits"),
        ('"org/toy"', '"org/toy"\nsizes = { test = { en = -3 } }', "sizes: test = en = -3 is not a whole number"),
        ('"org/toy"', '"org/toy"\ngold_splits = ["train"]', "gold_splits: 'test' is learnt from or reported"),
        ('"org/toy"', '"org/toy"\nfolders = { de = "x" }', "folders: 'de' is not declared"),
        ('"org/toy"', '"org/toy"\nextra_languages = ["de"]', "extra_languages: 'de' is not declared"),
        ('hub = "org/toy"', 'hub_config = "all"', "hub_config: of what? hub is missing"),
        (
            '"org/toy"',
            '"org/toy"\nhub_columns = { txet = "x" }',
            "hub_columns: 'txet' is read by nothing: did you mean",
        ),
        ('"org/toy"', '"org/toy"\ntranslations = {}', "translations: {} is not a table with 'languages'"),
        (
            '"org/toy"',
            '"org/toy"\ntranslations = { languages = { de = "de" }, hbu = "a/b" }',
            "'hbu': did you mean 'hub'?",
        ),
        ('"org/toy"', '"org/toy"\nelsewhere = { languages = { en = "en" } }', "elsewhere: 'en' is in languages too"),
        ('"org/toy"', '"org/toy"\nrepair = ["drop-placeholders", "mend"]', "form classification has no 'mend'"),
        ('test = "test"', 'test = ["a", "../b"]', "splits: test = '../b' is not a single name"),
        ('label = "gold"', 'label = ["a", "a"]', "columns: label = ['a', 'a'] names something twice"),
        ('label = "gold"', 'label = ["a", "b"]', "columns: 'label' is one column, only 'options' may be several"),
        ('"accuracy"', '"pearson"', "range: pages with metric pearson have one, and no others"),
        ('"org/toy"', '"org/toy"\nrange = [0, 5]', "range: pages with metric pearson have one, and no others"),
        ('"org/toy"', '"org/toy"\nrange = [5, 0]', "range: [5, 0] is not [least, most]"),
        ('"accuracy"', '"pearson"\nrange = [0, 5]', "labels: grades have no labels"),
        ('"org/toy"', '"org/toy"\nscorer = "mlqa"', "scorer: form classification has no 'mlqa'"),
    ],
)
def test_a_mistake_is_named_with_the_nearest_right_value(old: str, new: str, said: str) -> None:
    assert old in PAGE
    assert said in told(PAGE.replace(old, new, 1))


def test_all_mistakes_are_told_at_once_with_the_page() -> None:
    message = told(PAGE.replace("licence", "license").replace("0.5", "2").replace("zh-Hant", "x"))
    assert message.startswith("toy.toml has 4 mistakes:")
    assert len(message.splitlines()) == 5


def test_a_page_that_is_not_toml_names_the_line() -> None:
    assert "toy.toml is not TOML" in told("name = \n")


def test_a_split_and_a_repair_may_be_one_or_several() -> None:
    several = PAGE.replace('train = "train"', 'train = ["round1", "round2"]')
    task = read_page(several.replace('"org/toy"', '"org/toy"\nrepair = "drop-placeholders"'), "toy.toml")
    assert dict(task.splits) == {"train": ("round1", "round2"), "test": ("test",)}
    assert task.repairs == ("drop-placeholders",)


def test_a_list_of_tables_is_one_table_unless_it_names_something_twice() -> None:
    plain = PAGE.replace('[languages]\nen = "en"\nzh-Hant = "tw"', "")
    several = plain.replace('"org/toy"', '"org/toy"\nlanguages = [{ en = "en" }, { zh-Hant = "tw" }]')
    assert read_page(several, "toy.toml") == read_page(PAGE, "toy.toml")
    assert "languages: [{'en': 'a'}, {'en': 'b'}] is not a table" in told(
        plain.replace('"org/toy"', '"org/toy"\nlanguages = [{ en = "a" }, { en = "b" }]')
    )


def test_languages_from_elsewhere_are_languages_of_the_task() -> None:
    more = 'elsewhere = { languages = { lt = "lt" }, hub = "org/more" }\nextra_languages = ["lt"]'
    task = read_page(PAGE.replace('"org/toy"', f'"org/toy"\n{more}'), "toy.toml")
    assert dict(task.languages) == {"en": "en", "zh-Hant": "tw", "lt": "lt"}
    assert (task.elsewhere.hub, task.extra_languages) == ("org/more", ("lt",))


def test_every_declared_split_has_gold_unless_the_page_says_which_have() -> None:
    assert read_page(PAGE, "toy.toml").splits_without_gold == ()
    hidden = PAGE.replace('report_split = "test"', 'report_split = "train"\ngold_splits = ["train"]')
    assert read_page(hidden, "toy.toml").splits_without_gold == ("test",)


@pytest.mark.slow
@given(page=st.sampled_from(sorted(page.name for page in PAGES.iterdir())), data=st.data())
@settings(deadline=None, max_examples=500)
def test_no_value_of_any_type_crashes_the_reader(page: str, data: st.DataObject) -> None:
    values = join_tables(tomllib.loads((PAGES / page).read_text(encoding="utf-8")))
    key = data.draw(st.sampled_from(sorted(RULES)))
    plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
    values[key] = data.draw(st.recursive(plain, lambda x: st.lists(x) | st.dictionaries(st.text(), x), max_leaves=5))
    assert all(isinstance(line, str) for line in mistakes_of(values))
