"""Features to a padded batch of tensors.

Owns padding, fillers and the rows of bundles; may not choose which features go together (`data.batching`). Lengths are
rounded up to a multiple of 16 tokens, and rows on request to a multiple by repeated ones of weight 0, because matrix
kernels then take the same path for a row whatever its neighbours are (`evaluation.predictor`). The tokenizer says on
which side to pad.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch

from adaptx.model.forms import NO_TARGET, Batch, Feature

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedTokenizerBase

__all__ = ["MULTIPLE", "collate", "unpad"]

MULTIPLE = 16  # tokens


def collate(
    features: Sequence[Feature],
    tokenizer: PreTrainedTokenizerBase,
    *,
    device: torch.device | str = "cpu",
    multiple: int = MULTIPLE,
    row_multiple: int = 1,
) -> Batch:
    """Return ``features`` as one batch, filled up to ``row_multiple`` by repeating the first ones at weight 0."""
    count = -(-len(features) // row_multiple) * row_multiple
    all_features = [features[i % len(features)] for i in range(count)]
    rows = [row for feature in all_features for row in feature.pieces or (feature,)]
    length = -(-max(map(len, rows)) // multiple) * multiple
    left = tokenizer.padding_side == "left"
    ids, mask = _pad([row.ids for row in rows], length, tokenizer.pad_token_id or 0, left=left)
    kinds = [row.types for row in rows if row.types is not None]
    types = _pad(kinds, length, tokenizer.pad_token_type_id, left=left)[0] if kinds else None
    weights = torch.ones(count)
    weights[len(features) :] = 0
    return Batch(
        input_ids=torch.from_numpy(ids).to(device),
        attention_mask=torch.from_numpy(mask).to(device),
        token_type_ids=None if types is None else torch.from_numpy(types).to(device),
        weights=weights.to(device),
        targets=_targets(all_features).to(device),
        features=all_features,
    )


def _targets(features: Sequence[Feature]) -> Tensor:
    """Return the targets ``(features, most)``: fractions where any is one, else indices."""
    most = max(len(feature.target) for feature in features)
    padded = [(*feature.target, *(NO_TARGET,) * (most - len(feature.target))) for feature in features]
    is_graded = any(isinstance(value, float) for feature in features for value in feature.target)
    return torch.tensor(padded, dtype=torch.float32 if is_graded else torch.long).reshape(len(features), most)


def unpad(output: Tensor, batch: Batch) -> list[Tensor]:
    """Return the rows of a head's output without fillers, each cut to its own tokens where axis 1 runs over tokens."""
    rows = list(output[: int(batch.weights.sum())])
    if output.shape[1] != batch.input_ids.shape[1] or output.ndim == 2:  # noqa: PLR2004 - (rows, labels)
        return rows
    left = bool((batch.attention_mask[:, 0] == 0).any())
    return [
        row[-len(feature) :] if left else row[: len(feature)]
        for row, feature in zip(rows, batch.features, strict=False)
    ]


def _pad(
    sequences: Sequence[Sequence[int]], length: int, value: int, *, left: bool
) -> tuple[np.ndarray[tuple[int, int], np.dtype[np.int64]], np.ndarray[tuple[int, int], np.dtype[np.int64]]]:
    values = np.full((len(sequences), length), value, dtype=np.int64)
    mask = np.zeros_like(values)
    for row, sequence in enumerate(sequences):
        columns = slice(length - len(sequence), length) if left else slice(0, len(sequence))
        values[row, columns] = sequence
        mask[row, columns] = 1
    return values, mask
