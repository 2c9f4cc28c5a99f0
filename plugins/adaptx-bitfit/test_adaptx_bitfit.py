"""The method as its user meets it: listed, priced, trained on the generated world, stacked, and not exported."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from adaptx_bitfit import BITFIT

from adaptx.cli.main import main
from adaptx.errors import Exit, Incompatible, UsageError
from adaptx.families import total_parameters
from adaptx.methods import method_named
from adaptx.mini import NANO_FOLDER

NANO = json.loads((NANO_FOLDER / "config.json").read_text())
SMALL = (
    *"--source mini:train=120,dev=20,test=20 --backbone nano --device cpu --languages en,de".split(),
    *"--max-train 120 --epochs 1 --max-eval 10 --method bitfit --json".split(),
)


@pytest.fixture
def adaptx(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def run(*words):
        code = main(list(words))
        told = capfd.readouterr()
        return code, told.out, told.err

    return run


def made(done):
    code, out, err = done
    assert code == Exit.DONE, err
    return json.loads(out)


def test_it_is_found_by_its_entry_point_alone():
    assert method_named("bitfit") is BITFIT


def test_it_is_listed_and_priced_without_torch():
    code = "import sys; from adaptx_bitfit import BITFIT; print(BITFIT.spec(), 'torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split()[-1] == "False"


def test_half_of_the_biases_are_counted_and_another_id():
    values = [BITFIT.values({"biases": name}) for name in ("all", "half")]
    whole, half = (BITFIT.count(NANO, value) for value in values)
    assert half < whole < total_parameters(NANO) / 100
    assert BITFIT.spec({"biases": "half"}) != BITFIT.spec()
    with pytest.raises(UsageError, match="biases cannot be 'some'"):
        BITFIT.spec({"biases": "some"})


def test_an_encoder_with_other_biases_is_refused():
    with pytest.raises(Incompatible, match="does not know the biases of a xlnet backbone"):
        BITFIT.check({"model_type": "xlnet"}, BITFIT.values())


def test_it_trains_stacks_and_is_not_exported(adaptx):
    """No page says a word about it: its own numbers are taken."""
    plan = made(adaptx("stack", "squad", "pawsx", *SMALL, "--dry-run"))
    assert plan["trainable_parameters"] == BITFIT.count(NANO, BITFIT.values())
    told = made(adaptx("stack", "squad", "pawsx", *SMALL))
    assert (told["stack"], told["method"]) == (["squad", "pawsx"], "bitfit")
    assert {step["status"] for step in told["steps"]} == {"made"}
    assert {step["status"] for step in made(adaptx("stack", "squad", "pawsx", *SMALL))["steps"]} == {"reused"}
    layer = next(step["id"] for step in told["steps"] if step["kind"] == "train")
    code, _, err = adaptx("export", layer, "--to", "peft", "out")
    assert code == Exit.USAGE
    assert "a trained bitfit, which no other library reads" in err


def test_a_rank_means_nothing_to_it(adaptx):
    code, _, err = adaptx("stack", "squad", "pawsx", *SMALL, "--rank", "4")
    assert code == Exit.USAGE
    assert "--rank means nothing to method bitfit" in err
