"""The random-edit baseline: what it proposes, and that no attack is needed for it."""

from __future__ import annotations

import subprocess
import sys
from random import Random

import pytest

from adaptx.robustness.attacks.charswap import charswap
from adaptx.robustness.baseline import random_edits
from adaptx.testing import TEXTS

WITHOUT = """
import sys
sys.modules["adaptx.robustness.attacks.charswap"] = None
from adaptx.robustness.attack import Edit, attack
from adaptx.testing import attack_faults

@attack("first-letter", needs="labels", version=1)
def first_letter(example, *, rng, budget, fields, protected):
    for field in fields:
        if example.texts[field][:1].isascii() and example.texts[field] and not protected.get(field):
            yield [(Edit(field, 0, 1, "x"),)]
            return

print(attack_faults(first_letter))
"""


@pytest.mark.parametrize(("language", "text"), TEXTS)
def test_random_edits_are_swapped_neighbours(language: str, text: str) -> None:
    ours = list(random_edits(text, rng=Random(3), lang=language))
    assert ours == list(charswap(text, rng=Random(3), lang=language, alphabet={}, operations="swap"))


def test_an_attack_that_searches_by_itself_needs_no_built_in_attack() -> None:
    done = subprocess.run([sys.executable, "-c", WITHOUT], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr
