"""Loading a backbone: exactly its hashed files, every encoder tensor accounted for, no code and no pickle.

Owns `Backbone` and `load`. Files are read here and held against the revision; the library makes the architecture of the
configuration, and gets the tensors as they are. It is never given the folder: it would look there for an adapter's
settings, for other configurations and weights that those name, and for code. A tokenizer is read from a folder of its
own that holds the hashed files and nothing else.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import torch
from torch import nn
from transformers import (
    CONFIG_MAPPING,
    AutoTokenizer,
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.modeling_utils import no_init_weights
from transformers.models.auto.modeling_auto import MODEL_MAPPING
from transformers.utils import logging

from adaptx.backbone import TOKENIZER, files_of, revision_of
from adaptx.data.hub_files import digest_like, digest_of_name
from adaptx.data.revision import require_revision
from adaptx.errors import AdaptxError, DataFault, Incompatible, Missing
from adaptx.families import family_of, longest_input, shape_of, total_parameters
from adaptx.model.weights import BadTensors, Weights, check_values, read_weights

if TYPE_CHECKING:
    from torch import Tensor

    from adaptx.backbone import BackboneRef

__all__ = ["Backbone", "load", "truncate"]

CONFIG = "config.json"
OF_OTHERS = ("auto_map", "id2label", "label2id", "num_labels", "transformers_weights")  # code, heads, other files
KINDS: Mapping[type, tuple[type, ...]] = {bool: (bool,), int: (int,), float: (float, int)}
SIZES = ("hidden", "layers", "heads", "ffn", "vocabulary", "embedding")
LEGACY = {".gamma": ".weight", ".beta": ".bias"}  # of LayerNorms in files made from TensorFlow's
NO_WEIGHTS = ("position_ids", "token_type_ids")  # counters that older files hold beside the weights
SLACK, SPARE = 4, 2**20  # a configuration may describe so many times the numbers of its files, and so many more


@dataclass(frozen=True, slots=True, kw_only=True)
class Backbone:
    """A loaded encoder with its tokenizer; ``max_length`` in tokens, special ones included."""

    encoder: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    config: PretrainedConfig
    hidden_size: int
    max_length: int
    heads: Mapping[str, Tensor]  # small tensors of the heads that the encoder was saved with, under their names


def load(ref: BackboneRef, *, dtype: torch.dtype, pooler: bool = False) -> Backbone:
    """Load the encoder that ``ref`` names, in evaluation mode, on the CPU, in ``dtype``.

    The tokenizer returns token types only if the encoder tells at least two apart. Raises `Missing` if the revision is
    not at hand and cannot be fetched, `Incompatible` for what is not an encoder, has no safetensors weights or no fast
    tokenizer, and `DataFault` if a file is damaged, no longer that of the revision, or if the weights do not make up
    the encoder.
    """
    folder = local_folder(ref)
    names = files_of(folder)
    settings = [CONFIG, *(name for name in names if name in TOKENIZER)]
    small = {name: read_small(folder / name) for name in settings}
    config = parse_config(small[CONFIG], folder, ref.name)
    with ThreadPoolExecutor(1) as hasher:
        weights = read_checked(ref, folder, [name for name in names if name not in small], hasher)
        try:
            encoder, heads = build(config, weights.tensors, dtype, pooler=pooler, name=ref.name)
        except AdaptxError:
            check_revision(ref, folder, small, weights)  # files that changed since the plan explain more
            raise
        tokenizer = load_tokenizer(small, ref.name, types=takes_types(encoder, config))
        check_revision(ref, folder, small, weights)
    return Backbone(
        encoder=encoder.eval(),
        tokenizer=tokenizer,
        config=config,
        hidden_size=int(config.hidden_size),
        max_length=longest_input(config.to_dict()),
        heads=heads,
    )


def truncate(encoder: PreTrainedModel, layers: int) -> None:
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
    """Return the hub cache's folder of one commit, every file of it checked."""
    from adaptx.data.hub import model_at

    kind, _, commit = ref.revision.partition(":")
    if kind != "commit":
        raise Missing(
            f"backbone {ref.name!r}: {ref.path!r} is not a folder here, and its revision {ref.revision!r} is no commit",
            hint="give --backbone a folder that exists, or a hub id",
        )
    return model_at(ref.path, commit)


def read_config(folder: Path, name: str) -> PretrainedConfig:
    """Read ``config.json``; raise `Incompatible` for what is not a supported encoder."""
    return parse_config(read_small(folder / CONFIG), folder, name)


def parse_config(content: bytes, folder: Path, name: str) -> PretrainedConfig:
    """Return the configuration that ``config.json`` says; raise `Incompatible` for what is not a supported encoder."""
    try:
        told = {key: value for key, value in json.loads(content).items() if key not in OF_OTHERS}
        kind = CONFIG_MAPPING[told["model_type"]]
        family_of(told)
        check_types(told, kind().to_dict(), name)
        config: PretrainedConfig = kind.from_dict(told)
    except Incompatible:
        raise
    except Exception as fault:  # whatever a library makes of a text where it wants a number
        raise Incompatible(
            f"backbone {name!r}: {folder} holds no configuration of a known model: {first_line(fault)}",
            hint="a backbone is a Hugging Face encoder folder: config.json, model.safetensors and tokenizer files",
        ) from fault
    if config.is_encoder_decoder or config.is_decoder:
        raise Incompatible(
            f"backbone {name!r} is configured as a decoder", hint="use an encoder, e.g. --backbone xlm-roberta-base"
        )
    if getattr(config, "quantization_config", None) is not None:
        raise Incompatible(
            f"backbone {name!r} is quantised (quantization_config), and frozen weights are read as they are",
            hint="use the checkpoint that it was quantised from",
        )
    return config


def check_types(told: Mapping[str, object], usual: Mapping[str, object], name: str) -> None:
    """Raise `Incompatible` for a setting that is a text where the library's own is a number, and the like."""
    for key, value in told.items():
        expected: tuple[type, ...] = KINDS.get(type(usual.get(key)), ())
        if expected and value is not None and (type(value) not in expected):
            kind = " or ".join(each.__name__ for each in expected)
            raise Incompatible(f"backbone {name!r}: {key} of its config.json is {str(value)[:60]!r}, not {kind}")


def read_small(path: Path) -> bytes:
    """Return the content of a configuration or tokenizer file."""
    try:
        return path.read_bytes()
    except OSError as fault:
        raise DataFault(f"{path} cannot be read: {fault.strerror}", hint="is the folder a whole backbone?") from fault


def read_checked(ref: BackboneRef, folder: Path, names: Sequence[str], hasher: Executor) -> Weights:
    """Return the tensors of the weight files; raise `DataFault` where one of them is damaged."""
    if not any(name.endswith(".safetensors") for name in names):
        raise Incompatible(
            f"backbone {ref.name!r}: {folder} has no safetensors weights, and pickled ones are never loaded",
            hint="convert once where you trust the file: model.save_pretrained(folder, safe_serialization=True)",
        )
    try:
        return read_weights(folder, names, hasher, sha256_of if is_folder(ref) else digest_as_named)
    except OSError as fault:
        raise DataFault(f"backbone {ref.name!r}: {fault}", hint="check the permissions of its files") from fault
    except BadTensors as fault:
        hint = "a backbone folder holds the files of one download"
        raise DataFault(f"backbone {ref.name!r}: {fault}", hint=hint) from fault


def check_revision(ref: BackboneRef, folder: Path, small: Mapping[str, bytes], weights: Weights) -> None:
    """Raise `DataFault` where what was read is not the revision: of a folder its hash, of the hub each file's name."""
    digest = sha256_of if is_folder(ref) else digest_as_named
    hashes = {name: digest(folder / name, content) for name, content in small.items()} | weights.hashes()
    if is_folder(ref):
        require_revision(ref.revision, revision_of(hashes), f"backbone {ref.name!r}", [ref.path])
        return
    for name, found in hashes.items():
        if found not in ("", digest_of_name(folder / name)):
            raise DataFault(
                f"backbone {ref.name!r}: {folder / name} is not what the hub stated of it",
                hint=f"adaptx fetch --backbone {ref.name} gets it again",
            )


def is_folder(ref: BackboneRef) -> bool:
    return ref.revision.startswith("files:")


def sha256_of(_: Path, content: bytes | memoryview) -> str:
    return sha256(content).hexdigest()


def digest_as_named(path: Path, content: bytes | memoryview) -> str:
    """Return the hash of which the cache made a file's name; empty where its name is none."""
    return digest_like(digest_of_name(path), content) or ""


def build(
    config: PretrainedConfig, tensors: Mapping[str, Tensor], dtype: torch.dtype, *, pooler: bool, name: str
) -> tuple[PreTrainedModel, dict[str, Tensor]]:
    """Make the encoder of a configuration and fill every tensor of it; return it with what is left for heads.

    Names and shapes are compared on an empty encoder, before any memory is asked for.
    """
    check_sizes(config, tensors, name)
    kind = MODEL_MAPPING[type(config)]
    options: dict[str, object] = {}
    if "add_pooling_layer" in inspect.signature(kind.__init__).parameters:
        options["add_pooling_layer"] = pooler
    own, heads = encoder_tensors(tensors, kind.base_model_prefix)
    try:
        with quiet(), no_init_weights(), torch.device("meta"):
            empty = kind(config, **options)
    except Exception as fault:  # an unknown activation, heads that do not divide the width
        raise Incompatible(
            f"backbone {name!r}: no model can be made of its configuration: {first_line(fault)}",
            hint="config.json is not that of the weights, or names what this version of transformers does not know",
        ) from fault
    wanted = empty.state_dict()
    parts = {path for path, _ in empty.named_children()}
    heads |= {key: own.pop(key) for key in [key for key in own if key not in wanted and is_of_head(key, parts)]}
    check_complete(own, wanted, name)
    try:
        check_values(own, f"backbone {name!r}")
    except BadTensors as fault:
        raise DataFault(str(fault), hint="use the checkpoint that it was made from") from fault
    with quiet():
        encoder = kind.from_pretrained(
            None,
            config=config,
            state_dict={key: tensor.to(dtype) for key, tensor in own.items()},
            dtype=dtype,
            attn_implementation="sdpa" if kind._supports_sdpa else "eager",  # noqa: SLF001 - no public name for it
            **options,
        )
    rows = shape_of(config.to_dict()).vocabulary
    small = {key: tensor.clone() for key, tensor in heads.items() if tensor.ndim == 1 or tensor.shape[:1] != (rows,)}
    return without_memories(encoder).to(dtype), small  # XLNet's mask embedding stays behind in fp32


def check_sizes(config: PretrainedConfig, tensors: Mapping[str, Tensor], name: str) -> None:
    """Raise `Incompatible` for sizes that are none, or that are out of all proportion to the weights."""
    content = config.to_dict()
    numbers = sum(tensor.numel() for tensor in tensors.values())
    try:
        shape = shape_of(content)
        odd = [key for key in SIZES if getattr(shape, key) < 1]
        odd += [key for key in ("positions", "types") if getattr(shape, key) < 0]
        odd += ["positions"] if longest_input(content) < 1 else []
        described = total_parameters(content)
    except (TypeError, ValueError, KeyError, OverflowError) as fault:
        raise Incompatible(f"backbone {name!r}: a size in its config.json is none: {first_line(fault)}") from fault
    if odd:
        raise Incompatible(f"backbone {name!r}: {', '.join(odd)} of its config.json are below their least value")
    if described > SLACK * numbers + SPARE or shape.layers > len(tensors):
        raise Incompatible(
            f"backbone {name!r}: its config.json describes {shape.layers:,} layers and {described:,} numbers, "
            f"its weights hold {numbers:,}",
            hint="the configuration is not that of the weights",
        )


def encoder_tensors(tensors: Mapping[str, Tensor], prefix: str) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Return the tensors of the encoder under its own names, and those of heads.

    A model saved with a head has the encoder under a prefix (``roberta.``) and the head beside it.
    """
    start = f"{prefix}." if any(key.startswith(f"{prefix}.") for key in tensors) else ""
    named = {key.removeprefix(start): tensor for key, tensor in tensors.items() if key.startswith(start)}
    own = {modern_name(key): tensor for key, tensor in named.items() if not key.endswith(NO_WEIGHTS)}
    return own, {key: tensor for key, tensor in tensors.items() if not key.startswith(start)}


def modern_name(key: str) -> str:
    """Return a tensor's name as the library spells it today."""
    return next((key.removesuffix(old) + new for old, new in LEGACY.items() if key.endswith(old)), key)


def is_of_head(key: str, parts: set[str]) -> bool:
    """Return whether a tensor that the encoder does not have belongs to a pooler or head, and not to a layer more."""
    return key.partition(".")[0] not in parts - {"pooler"}


@contextmanager
def quiet() -> Iterator[None]:
    """Silence the library's remarks on unused weights (a pooler, an LM head): `check_complete` says what matters."""
    before = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(before)


def check_complete(found: Mapping[str, Tensor], wanted: Mapping[str, Tensor], name: str) -> None:
    """Raise unless the files hold every tensor of the encoder, in its shape, and no more.

    A silent fresh layer ruins a study (jiant #1329), and so does a layer that nobody runs.
    """
    absent = sorted(key for key, slot in wanted.items() if key not in found or found[key].shape != slot.shape)
    extra = sorted(found.keys() - wanted.keys())
    if absent:
        raise DataFault(
            f"backbone {name!r}: {len(absent)} encoder tensors are missing or of another shape in its weights, "
            f"first {absent[0]!r}",
            hint="the folder is incomplete, or its weights belong to another config.json",
        )
    if extra:
        raise DataFault(
            f"backbone {name!r}: its weights hold {len(extra)} tensors that its configuration has no place for, "
            f"first {extra[0]!r}",
            hint="its weights belong to another config.json",
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


def load_tokenizer(files: Mapping[str, bytes], name: str, *, types: bool) -> PreTrainedTokenizerBase:
    """Load the fast tokenizer from the content of its files; spans need its character offsets."""
    try:
        with TemporaryDirectory(prefix="adaptx-tokenizer-") as folder:
            for file, content in files.items():
                (Path(folder) / file).write_bytes(content)
            tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(
                folder, use_fast=True, trust_remote_code=False, fix_mistral_regex=False
            )
    except Exception as fault:  # anything from OSError to a Rust library's bare Exception, and all mean this
        raise Incompatible(
            f"backbone {name!r}: no usable tokenizer: {first_line(fault)}",
            hint="the folder needs tokenizer.json (or files that the library can convert to it)",
        ) from fault
    tokenizer.name_or_path = name
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
