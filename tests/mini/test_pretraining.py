from __future__ import annotations

import json
from dataclasses import asdict, replace
from hashlib import sha256
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import load_file
from transformers import AutoModel, AutoTokenizer

from adaptx.mini.__main__ import main, read_config
from adaptx.mini.pretraining import PretrainingConfig, pretrain

pytestmark = pytest.mark.slow

SHORT = PretrainingConfig(vocabulary=2600, width=32, layers=2, feed_forward=32, contrast_layers=(1,), steps=3, texts=2)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, float]]]:
    folder, told = tmp_path_factory.mktemp("nano"), []
    pretrain(SHORT, folder, lambda _, losses: told.append(losses))
    return folder, told


def test_every_step_tells_the_loss_of_each_kind_of_lesson(made):
    assert [set(losses) for losses in made[1]] == [{"texts", "doubts", "answers", "contrast"}] * SHORT.steps
    assert all(0 < loss < 20 for losses in made[1] for loss in losses.values())


def test_the_folder_loads_like_any_encoder_of_the_hub(made):
    model, tokenizer = (kind.from_pretrained(made[0]) for kind in (AutoModel, AutoTokenizer))
    assert model.config.model_type == "xlm-roberta"
    assert model.get_input_embeddings().num_embeddings == len(tokenizer) == SHORT.vocabulary
    assert {weight.dtype for weight in load_file(made[0] / "model.safetensors").values()} == {torch.float16}


def test_the_tokenizer_that_is_written_drops_no_merges_and_cuts_nothing_off(made):
    written = json.loads((made[0] / "tokenizer.json").read_text())
    assert (written["model"]["dropout"], written["truncation"], written["padding"]) == (None, None, None)
    tokenizer = AutoTokenizer.from_pretrained(made[0])
    assert len({tuple(tokenizer("Rosalind gave Leonardo the umbrella.")["input_ids"]) for _ in range(20)}) == 1


def test_the_same_recipe_makes_the_same_bytes_but_for_merges_dropped_by_the_librarys_own_generator(tmp_path):
    for seed in (1, 2):
        torch.manual_seed(seed)
        pretrain(replace(SHORT, dropped_merges=0.0), tmp_path / str(seed), lambda *_: None)
    for name in ("model.safetensors", "tokenizer.json"):
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes()


def test_the_callers_random_state_is_left_alone(tmp_path):
    torch.manual_seed(3)
    before = torch.get_rng_state()
    pretrain(SHORT, tmp_path, lambda *_: None)
    assert torch.equal(torch.get_rng_state(), before)


def test_the_command_makes_the_recipe_and_tells_the_hash_of_its_weights(tmp_path):
    asked = {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(SHORT).items()}
    lines = [f"{key} = {value!r}" for key, value in (asked | {"steps": 2}).items()]
    (tmp_path / "nano.toml").write_text("\n".join(["[nano]", *lines]))
    done = CliRunner().invoke(main, [str(tmp_path / "nano.toml"), str(tmp_path / "made")])
    assert done.exit_code == 0, done.output
    assert "step 2 of 2" in done.stderr
    assert done.stdout.strip() == sha256((tmp_path / "made" / "model.safetensors").read_bytes()).hexdigest()


def test_the_recipe_of_nano_is_what_pretraining_takes():
    recipe = Path(__file__).parents[2] / "adaptx" / "mini" / "nano.toml"
    assert read_config(recipe).layers >= max(read_config(recipe).contrast_layers)


def test_a_recipe_with_an_unknown_key_is_refused_by_name(tmp_path):
    (tmp_path / "nano.toml").write_text("[nano]\nlayer = 4\n")
    done = CliRunner().invoke(main, [str(tmp_path / "nano.toml"), str(tmp_path / "made")])
    assert done.exit_code != 0
    assert "layer" in done.stderr
    assert not (tmp_path / "made").exists()
