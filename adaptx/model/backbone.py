"""Loading a backbone: safetensors only, every encoder tensor accounted for, no code and no pickle from anywhere.

Owns `Backbone` and `load`. A hub repository is first made a local folder at its pinned commit, with nothing but
configuration, tokenizer and safetensors files, and everything is read from that folder: the library then has no reason
to ask the hub for conversions, tags or a newer revision (4.57 asks for an XLM-R's tags at every load by id). The
conversion service is switched off as well; it obeys the exact value "true" and no other.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import nn
from transformers import (
    AutoConfig,
    AutoModel,
    AutoTokenizer,
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.models.auto.modeling_auto import MODEL_MAPPING
from transformers.utils import logging

from adaptx.errors import DataFault, Incompatible, Missing
from adaptx.model.size import family_of, longest_input

if TYPE_CHECKING:
    import torch

    from adaptx.backbone import BackboneRef

__all__ = ["Backbone", "cut", "load"]

HUB_FILES = ("*.json", "*.txt", "*.model", "*.safetensors")


@dataclass(frozen=True, slots=True, kw_only=True)
class Backbone:
    """A loaded encoder with its tokenizer; ``max_length`` in tokens, special ones included."""

    encoder: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    config: PretrainedConfig
    hidden_size: int
    max_length: int
    folder: Path


def load(ref: BackboneRef, *, dtype: torch.dtype, pooler: bool = False) -> Backbone:
    """Load the encoder that ``ref`` names, in evaluation mode, on the CPU, in ``dtype``.

    The tokenizer returns token types only if the encoder tells at least two apart. Raises `Missing` if the revision is
    not at hand and cannot be fetched, `Incompatible` for what is not an encoder, has no safetensors weights or no fast
    tokenizer, and `DataFault` if the weights do not cover the encoder.
    """
    os.environ["DISABLE_SAFETENSORS_CONVERSION"] = "true"
    folder = local_folder(ref)
    config = read_config(folder, ref.name)
    encoder = load_encoder(folder, config, dtype, pooler=pooler, name=ref.name)
    return Backbone(
        encoder=encoder.eval(),
        tokenizer=load_tokenizer(folder, ref.name, types=takes_types(encoder, config)),
        config=config,
        hidden_size=int(config.hidden_size),
        max_length=longest_input(config.to_dict()),
        folder=folder,
    )


def cut(encoder: PreTrainedModel, layers: int) -> None:
    """Leave an encoder its first ``layers`` layers: its output is then ``hidden_states[layers]``; nothing above runs.

    Layers attached by a method must be on before. XLM-R XL normalises after its last layer, which a lower one has not.
    Raises `Incompatible` for DeBERTa without a layer, which the library cannot run.
    """
    family = family_of(encoder.config.to_dict())
    if not layers and encoder.config.model_type == "deberta-v2":
        raise Incompatible("the embeddings of a deberta-v2 backbone cannot be read alone", hint="--layer 1")
    place, _, name = family.layer.rpartition(".")
    holder = encoder.get_submodule(place)
    whole = getattr(holder, name)
    if layers < len(whole):
        setattr(holder, name, nn.ModuleList(list(whole)[:layers]))
        if encoder.config.model_type == "xlm-roberta-xl":
            holder.LayerNorm = nn.Identity()


def local_folder(ref: BackboneRef) -> Path:
    """Return a folder that holds the backbone at its revision, fetching it where allowed."""
    if Path(ref.path).is_dir():
        return Path(ref.path)
    return snapshot(ref)


def snapshot(ref: BackboneRef) -> Path:
    """Return the hub cache's folder of one commit."""
    from huggingface_hub import constants, snapshot_download

    kind, _, commit = ref.revision.partition(":")
    if kind != "commit":
        raise Missing(
            f"backbone {ref.name!r}: {ref.path!r} is not a folder here, and its revision {ref.revision!r} is no commit",
            hint="give --backbone a folder that exists, or a hub id",
        )
    try:
        return Path(
            snapshot_download(
                ref.path,
                revision=commit,
                allow_patterns=list(HUB_FILES),
                ignore_patterns=["*/*"],
                local_files_only=constants.HF_HUB_OFFLINE,
            )
        )
    except (OSError, ValueError) as fault:
        raise Missing(
            f"backbone {ref.name!r} at commit {commit[:12]} is not in the cache and could not be fetched: {fault}",
            hint=f"with a network: adaptx fetch --backbone {ref.name}; without: give --backbone a local folder",
        ) from fault


def read_config(folder: Path, name: str) -> PretrainedConfig:
    """Read ``config.json``; raise `Incompatible` for what is not a supported encoder."""
    try:
        config: PretrainedConfig = AutoConfig.from_pretrained(folder, trust_remote_code=False)
    except (OSError, ValueError, KeyError) as fault:
        raise Incompatible(
            f"backbone {name!r}: {folder} holds no configuration of a known model: {first_line(fault)}",
            hint="a backbone is a Hugging Face encoder folder: config.json, model.safetensors and tokenizer files",
        ) from fault
    family_of(config.to_dict())
    if config.is_encoder_decoder or config.is_decoder:
        raise Incompatible(
            f"backbone {name!r} is configured as a decoder", hint="use an encoder, e.g. --backbone xlm-roberta-base"
        )
    return config


def load_encoder(
    folder: Path, config: PretrainedConfig, dtype: torch.dtype, *, pooler: bool, name: str
) -> PreTrainedModel:
    """Build the encoder and fill every tensor from safetensors files."""
    if not any(folder.glob("*.safetensors")):
        raise Incompatible(
            f"backbone {name!r}: {folder} has no safetensors weights, and pickled ones are never loaded",
            hint="convert once where you trust the file: model.save_pretrained(folder, safe_serialization=True)",
        )
    kind = MODEL_MAPPING[type(config)]
    options: dict[str, object] = {}
    if "add_pooling_layer" in inspect.signature(kind.__init__).parameters:
        options["add_pooling_layer"] = pooler
    with quiet():
        encoder, report = AutoModel.from_pretrained(
            folder,
            config=config,
            dtype=dtype,
            use_safetensors=True,
            trust_remote_code=False,
            attn_implementation="sdpa" if kind._supports_sdpa else "eager",  # noqa: SLF001 - no public name for it
            output_loading_info=True,
            **options,
        )
    check_complete(report, name)
    return without_memories(encoder).to(dtype)  # XLNet's mask embedding stays behind in fp32


@contextmanager
def quiet() -> Iterator[None]:
    """Silence the library's remarks on unused weights (a pooler, an LM head): `check_complete` says what matters."""
    before = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(before)


def check_complete(report: Mapping[str, Any], name: str) -> None:
    """Raise unless every tensor of the encoder came from the file: a silent fresh layer ruins a study (jiant #1329)."""
    absent = sorted({*report["missing_keys"], *(str(item[0]) for item in report["mismatched_keys"])})
    if absent:
        raise DataFault(
            f"backbone {name!r}: {len(absent)} encoder tensors are missing or of another shape in its weights, "
            f"first {absent[0]!r}",
            hint="the folder is incomplete, or its weights belong to another config.json",
        )


def without_memories(encoder: PreTrainedModel) -> PreTrainedModel:
    """XLNet keeps every layer's states for a next segment unless told otherwise; nothing here has a next segment."""
    if hasattr(encoder.config, "use_mems_eval"):
        encoder.config.use_mems_eval = False
        encoder.config.use_mems_train = False
    return encoder


def takes_types(encoder: PreTrainedModel, config: PretrainedConfig) -> bool:
    """Return whether the encoder tells two token types apart (XLNet does, by difference, without a table)."""
    takes = "token_type_ids" in inspect.signature(encoder.forward).parameters
    return takes and int(getattr(config, "type_vocab_size", 2)) > 1


def load_tokenizer(folder: Path, name: str, *, types: bool) -> PreTrainedTokenizerBase:
    """Load the fast tokenizer; spans need its character offsets."""
    try:
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(
            folder, use_fast=True, trust_remote_code=False, fix_mistral_regex=False
        )
    except Exception as fault:  # anything from OSError to a Rust library's bare Exception, and all mean this
        raise Incompatible(
            f"backbone {name!r}: no usable tokenizer in {folder}: {first_line(fault)}",
            hint="the folder needs tokenizer.json (or files that the library can convert to it)",
        ) from fault
    if not tokenizer.is_fast:
        raise Incompatible(
            f"backbone {name!r} has only a slow tokenizer, which gives no character offsets",
            hint="add a tokenizer.json to the folder",
        )
    if not types:
        tokenizer.model_input_names = [key for key in tokenizer.model_input_names if key != "token_type_ids"]
    return tokenizer


def first_line(fault: BaseException) -> str:
    return (str(fault).strip() or type(fault).__name__).splitlines()[0]
