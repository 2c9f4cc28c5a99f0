"""Families of encoders: where each logical linear layer lives, and how a configuration spells its sizes.

Owns the table of families and the arithmetic on ``config.json`` that needs nothing else; the tests hold it against
built models. A family that is not in the table is not supported: guessing module names is how a pooler ends up with a
LoRA.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from adaptx.errors import Incompatible

__all__ = [
    "FAMILIES",
    "LOGICAL_LINEARS",
    "Config",
    "Family",
    "Shape",
    "family_of",
    "linear_block",
    "linear_paths",
    "longest_input",
    "shape_of",
    "total_parameters",
]

LOGICAL_LINEARS = ("query", "key", "value", "attention_output", "ffn_in", "ffn_out")

Config = Mapping[str, Any]
"""The content of a ``config.json``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """The sizes of an encoder: ``embedding`` differs from ``hidden`` where embeddings are factorised."""

    hidden: int
    layers: int
    heads: int
    ffn: int
    vocabulary: int
    embedding: int
    positions: int  # rows of the position table, reserved ones included; 0: none
    types: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Encoders of one ``model_type``.

    ``layer`` is the path of the layer list inside the encoder, ``linears`` maps logical names to paths inside a layer,
    ``keys`` renames what the configuration spells differently; with ``offset`` positions begin after the padding id.
    """

    layer: str
    linears: Mapping[str, str]
    besides: Callable[[Config, Shape], int]  # parameters beyond BERT's embeddings and layers
    keys: Mapping[str, str] = field(default_factory=dict)
    offset: bool = False
    tokens_first: bool = False  # hidden states are (tokens, rows, hidden) inside
    rowless_dropout: str = ""  # the dropout of a table that all rows share


def linear_block(hidden: int, ffn: int) -> int:
    """Return the parameters of a BERT layer: four square projections, the feed-forward pair, two LayerNorms."""
    return 4 * (hidden * hidden + hidden) + 2 * hidden * ffn + ffn + hidden + 4 * hidden


def nothing(_config: Config, _shape: Shape) -> int:
    return 0


def projection(_config: Config, shape: Shape) -> int:
    """ELECTRA projects its embeddings only where their width differs."""
    return 0 if shape.embedding == shape.hidden else (shape.embedding + 1) * shape.hidden


def always_projected(_config: Config, shape: Shape) -> int:
    return (shape.embedding + 1) * shape.hidden


def pre_norm(_config: Config, shape: Shape) -> int:
    """XLM-R XL has its LayerNorm after the last layer instead of over the embeddings."""
    return 2 * shape.hidden - 2 * shape.embedding


def relative_bias(config: Config, shape: Shape) -> int:
    return int(config.get("relative_attention_num_buckets", 32)) * shape.heads


def deberta(config: Config, shape: Shape) -> int:
    """DeBERTa-v2: relative embeddings, their projections, a convolution; absolute positions only where asked for."""
    hidden = shape.hidden
    # embeddings are projected, where narrower, before their LayerNorm
    total = 0 if shape.embedding == hidden else shape.embedding * hidden + 2 * (hidden - shape.embedding)
    if not config.get("position_biased_input", True):
        total -= shape.positions * shape.embedding
    if config.get("relative_attention", False):
        total += deberta_relative(config, shape)
    if config.get("conv_kernel_size", 0) > 0:
        total += int(config["conv_kernel_size"]) * hidden * hidden + 3 * hidden
    return total


def deberta_relative(config: Config, shape: Shape) -> int:
    reach = config.get("max_relative_positions", -1)
    reach = shape.positions if reach < 1 else reach
    buckets = config.get("position_buckets", -1)
    total = 2 * (buckets if buckets > 0 else reach) * shape.hidden
    if "layer_norm" in str(config.get("norm_rel_ebd", "none")):
        total += 2 * shape.hidden
    if not config.get("share_att_key", False):
        kinds = [kind for kind in ("c2p", "p2c") if kind in (config.get("pos_att_type") or ())]
        total += len(kinds) * shape.layers * (shape.hidden + 1) * shape.hidden
    return total


def xlnet(_config: Config, shape: Shape) -> int:
    """XLNet: five attention matrices without bias, three bias vectors, two segment vectors, no embedding LayerNorm."""
    hidden, ffn = shape.hidden, shape.ffn
    layer = 5 * hidden * hidden + 5 * hidden + 4 * hidden + 2 * hidden * ffn + ffn + hidden
    return hidden - 2 * shape.embedding + shape.layers * (layer - linear_block(hidden, ffn))


BERT_LINEARS = MappingProxyType({
    "query": "attention.self.query",
    "key": "attention.self.key",
    "value": "attention.self.value",
    "attention_output": "attention.output.dense",
    "ffn_in": "intermediate.dense",
    "ffn_out": "output.dense",
})  # fmt: skip
DEBERTA_LINEARS = MappingProxyType({
    **BERT_LINEARS,
    "query": "attention.self.query_proj",
    "key": "attention.self.key_proj",
    "value": "attention.self.value_proj",
})  # fmt: skip
MPNET_LINEARS = MappingProxyType({
    **BERT_LINEARS,
    "query": "attention.attn.q",
    "key": "attention.attn.k",
    "value": "attention.attn.v",
    "attention_output": "attention.attn.o",
})  # fmt: skip
DISTILBERT_LINEARS = MappingProxyType({
    "query": "attention.q_lin",
    "key": "attention.k_lin",
    "value": "attention.v_lin",
    "attention_output": "attention.out_lin",
    "ffn_in": "ffn.lin1",
    "ffn_out": "ffn.lin2",
})  # fmt: skip
# XLNet's attention is einsum over three-axis parameters: no linear layer that a LoRA could wrap.
XLNET_LINEARS = MappingProxyType({"ffn_in": "ff.layer_1", "ffn_out": "ff.layer_2"})

DISTILBERT_KEYS = {
    "hidden_size": "dim",
    "num_hidden_layers": "n_layers",
    "num_attention_heads": "n_heads",
    "intermediate_size": "hidden_dim",
}
XLNET_KEYS = {
    "hidden_size": "d_model",
    "num_hidden_layers": "n_layer",
    "num_attention_heads": "n_head",
    "intermediate_size": "d_inner",
}

BERT = Family(layer="encoder.layer", linears=BERT_LINEARS, besides=nothing)
ROBERTA = Family(layer="encoder.layer", linears=BERT_LINEARS, besides=nothing, offset=True)

FAMILIES: Mapping[str, Family] = MappingProxyType({
    "bert": BERT,
    "camembert": Family(layer="encoder.layer", linears=BERT_LINEARS, besides=nothing, offset=True),
    "deberta-v2": Family(
        layer="encoder.layer", linears=DEBERTA_LINEARS, besides=deberta, rowless_dropout="pos_dropout"
    ),
    "distilbert": Family(layer="transformer.layer", linears=DISTILBERT_LINEARS, besides=nothing, keys=DISTILBERT_KEYS),
    "electra": Family(layer="encoder.layer", linears=BERT_LINEARS, besides=projection),
    "mpnet": Family(
        layer="encoder.layer", linears=MPNET_LINEARS, besides=relative_bias, offset=True
    ),
    "rembert": Family(layer="encoder.layer", linears=BERT_LINEARS, besides=always_projected),
    "roberta": ROBERTA,
    "xlm-roberta": ROBERTA,
    "xlm-roberta-xl": Family(
        layer="encoder.layer", linears=BERT_LINEARS, besides=pre_norm, offset=True
    ),
    "xlnet": Family(layer="layer", linears=XLNET_LINEARS, besides=xlnet, keys=XLNET_KEYS, tokens_first=True),
})  # fmt: skip

NO_TYPES = ("distilbert", "mpnet", "xlnet")


def family_of(config: Config) -> Family:
    """Return the family of a configuration; raise `Incompatible` naming those that work."""
    model_type = str(config.get("model_type"))
    if model_type not in FAMILIES:
        raise Incompatible(
            f"backbone is a {model_type!r} model, which adaptx does not know as an encoder",
            hint=f"supported model types: {', '.join(FAMILIES)}",
        )
    return FAMILIES[model_type]


def shape_of(config: Config) -> Shape:
    """Read the sizes off a ``config.json``; raise `Incompatible` for an unknown family."""
    family = family_of(config)

    def read(key: str) -> int:
        return int(config[family.keys.get(key, key)])

    hidden, model_type = read("hidden_size"), config["model_type"]
    types = 0 if model_type in NO_TYPES else int(config.get("type_vocab_size", 0 if model_type == "deberta-v2" else 2))
    width = config.get("input_embedding_size" if model_type == "rembert" else "embedding_size")
    return Shape(
        hidden=hidden,
        layers=read("num_hidden_layers"),
        heads=read("num_attention_heads"),
        ffn=read("intermediate_size"),
        vocabulary=int(config["vocab_size"]),
        embedding=int(width or hidden),
        positions=0 if model_type == "xlnet" else int(config.get("max_position_embeddings", 512)),
        types=types,
    )


def longest_input(config: Config) -> int:
    """Return the longest input in tokens: XLM-R's 514 positions hold 512; XLNet has no limit and was made on 512."""
    positions = shape_of(config).positions or 512
    return positions - int(config.get("pad_token_id") or 0) - 1 if family_of(config).offset else positions


def total_parameters(config: Config) -> int:
    """Return the parameters of the encoder without a pooler."""
    shape = shape_of(config)
    embeddings = (shape.vocabulary + shape.positions + shape.types + 2) * shape.embedding
    layers = shape.layers * linear_block(shape.hidden, shape.ffn)
    return embeddings + layers + family_of(config).besides(config, shape)


def linear_paths(config: Config, targets: tuple[str, ...]) -> list[str]:
    """Return the full module paths inside the encoder of the targeted linear layers, layer by layer."""
    family = family_of(config)
    layers = range(shape_of(config).layers)
    return [f"{family.layer}.{index}.{family.linears[target]}" for index in layers for target in targets]
