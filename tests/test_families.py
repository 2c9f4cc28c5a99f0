from __future__ import annotations

import pytest

from adaptx.errors import Incompatible
from adaptx.families import longest_input, total_parameters

XLMR_LARGE = {
    "model_type": "xlm-roberta",
    "hidden_size": 1024,
    "num_hidden_layers": 24,
    "num_attention_heads": 16,
    "intermediate_size": 4096,
    "vocab_size": 250002,
    "max_position_embeddings": 514,
    "type_vocab_size": 1,
    "pad_token_id": 1,
}


def test_xlmr_large_has_its_published_size():
    pooler = 1024 * 1024 + 1024
    assert total_parameters(XLMR_LARGE) + pooler == 559_890_432
    assert longest_input(XLMR_LARGE) == 512


def test_a_decoder_is_refused_with_the_known_encoders():
    with pytest.raises(Incompatible) as caught:
        total_parameters({"model_type": "gpt2"})
    assert "xlm-roberta" in str(caught.value.hint)
