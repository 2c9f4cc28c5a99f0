"""The page on the generated world shows what is there."""

from __future__ import annotations

import re
from hashlib import sha256
from pathlib import Path

import pytest
from parser import parser

from adaptx.mini import NANO_FOLDER
from adaptx.mini.lexicon import language, tags
from adaptx.mini.suite import TASKS

PAGE = (Path(__file__).parents[2] / "docs" / "mini.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json"])
def test_the_hashes_of_nano_are_those_of_the_files_that_are_shipped(name):
    assert f"| `{name}` | `{sha256((NANO_FOLDER / name).read_bytes()).hexdigest()}` |" in PAGE


@pytest.mark.parametrize("tag", tags())
def test_the_samples_of_a_language_are_sentences_that_it_says(tag):
    part = PAGE.split(f"**{language(tag).name}**")[1].split("\n\n")[0]
    samples = [
        re.match(r"\*?(.+?[.?।。])\*?(\s|$)", sample)[1] for sample in part.replace("\n  ", " ").split("\n- ")[1:]
    ]
    assert len(samples) == 2
    for sample in samples:
        assert parser(tag).facts(sample) or parser(tag).questions(sample), sample


def test_every_task_of_the_world_is_in_the_table():
    table = PAGE.split("## The tasks")[1].split("\n##")[0]
    named = set(re.findall(r"`([\w-]+)`", table))
    assert TASKS.keys() <= named
