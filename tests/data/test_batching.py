from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adaptx.data.batching import epoch_batches, micro_batches, prediction_batches

some_lengths = st.lists(st.integers(1, 300), min_size=1, max_size=200)
orders = st.sampled_from(["bucketed", "iid"])


@given(some_lengths, st.integers(1, 40), orders, st.integers(0, 5), st.integers(0, 5))
def test_every_row_is_read_exactly_once_per_epoch(lengths, batch, order, seed, epoch):
    batches = epoch_batches(lengths, batch, order=order, seed=seed, epoch=epoch)
    assert sorted(row for rows in batches for row in rows) == list(range(len(lengths)))


@given(some_lengths, st.integers(1, 40), orders)
def test_all_batches_but_one_have_exactly_the_effective_size(lengths, batch, order):
    sizes = sorted((len(rows) for rows in epoch_batches(lengths, batch, order=order)), reverse=True)
    full, rest = divmod(len(lengths), batch)
    assert sizes == [batch] * full + ([rest] if rest else [])


@given(some_lengths, st.integers(1, 40), orders, st.integers(0, 5), st.integers(0, 5))
def test_the_order_is_a_function_of_seed_and_epoch(lengths, batch, order, seed, epoch):
    first = epoch_batches(lengths, batch, order=order, seed=seed, epoch=epoch)
    assert first == epoch_batches(lengths, batch, order=order, seed=seed, epoch=epoch)


def test_seed_and_epoch_each_change_the_order():
    lengths = [5 + row % 60 for row in range(500)]
    seen = {str(epoch_batches(lengths, 16, seed=seed, epoch=epoch)) for seed in range(4) for epoch in range(4)}
    assert len(seen) == 16


def test_the_small_batch_does_not_favour_long_or_short_rows():
    lengths = list(range(1, 101))
    small = [rows for epoch in range(200) for rows in epoch_batches(lengths, 16, epoch=epoch) if len(rows) == 4]
    mean = sum(lengths[row] for rows in small for row in rows) / (4 * len(small))
    assert 45 < mean < 56  # 50.5 expected, standard error about 1


def test_an_unknown_order_is_refused():
    with pytest.raises(ValueError, match="bucketed"):
        epoch_batches([1, 2], 1, order="sorted")


@given(some_lengths, st.integers(1, 600), st.integers(1, 5))
def test_micro_batches_keep_the_budget_and_every_row(lengths, budget, ranks):
    per_rank = micro_batches(range(len(lengths)), lengths, budget, ranks=ranks)
    pieces = [piece for pieces in per_rank for piece in pieces if piece]
    assert sorted(row for piece in pieces for row in piece) == list(range(len(lengths)))
    for piece in pieces:
        assert len(piece) == 1 or len(piece) * max(lengths[row] for row in piece) <= budget


@given(some_lengths, st.integers(1, 600), st.integers(1, 5))
def test_every_rank_has_the_same_number_of_micro_batches(lengths, budget, ranks):
    per_rank = micro_batches(range(len(lengths)), lengths, budget, ranks=ranks)
    assert len(per_rank) == ranks
    assert len({len(pieces) for pieces in per_rank}) == 1
    assert any(all(pieces) for pieces in per_rank), "a column of nothing but fillers would be wasted work"


@given(
    some_lengths, st.integers(1, 4000), st.sampled_from([1, 8, 16]), st.integers(1, 9), st.sampled_from([0, 64, 192])
)
def test_prediction_batches_keeps_budget_in_whole_blocks_and_long_rows_to_their_own_length(
    lengths, budget, multiple, block, shared
):
    pieces = prediction_batches(lengths, budget, multiple, block, shared)
    assert sorted(row for piece in pieces for row in piece) == list(range(len(lengths)))
    for piece in pieces:
        padded = [-(-lengths[row] // multiple) * multiple for row in piece]
        assert -(-len(piece) // block) * block * max(padded) <= budget or len(piece) <= block
        assert all(length == max(padded) or length <= shared >= max(padded) for length in padded)
        firsts = padded[::block]
        assert len(set(firsts)) == 1, "a block is padded to its own longest row"
        assert len(piece) % block == 0 or piece is pieces[-1] or max(padded) > shared


@given(some_lengths)
def test_prediction_batches_reads_the_longest_first_so_that_memory_fails_early(lengths):
    read = [lengths[row] for piece in prediction_batches(lengths, 2048) for row in piece]
    assert read == sorted(lengths, reverse=True)


def test_an_empty_set_of_rows_has_no_batches():
    assert epoch_batches([], 8) == []
    assert prediction_batches([], 1024) == []


def word_counts(path: Path) -> list[int]:
    """Lengths of real pairs, near enough to token counts for the spread of lengths."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [3 + round(1.3 * len((row["premise"] + " " + row["hypothesis"]).split())) for row in rows]


def padding_share(batches: list[list[int]], lengths: list[int]) -> float:
    """Return the share of padding among all tokens of batches, each padded to its longest row."""
    tokens = sum(lengths[row] for batch in batches for row in batch)
    padded = sum(max(lengths[row] for row in batch) * len(batch) for batch in batches)
    return 1 - tokens / padded


@pytest.mark.shared
def test_padding_stays_under_five_percent_on_real_pairs(shared_data):
    mnli_lengths = word_counts(shared_data / "mnli" / "en" / "train.jsonl.gz")
    batches = epoch_batches(mnli_lengths, 32, seed=1)
    assert padding_share(batches, mnli_lengths) < 0.05
    assert padding_share(epoch_batches(mnli_lengths, 32, order="iid"), mnli_lengths) > 0.3
