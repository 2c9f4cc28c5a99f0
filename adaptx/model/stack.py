"""A stack: frozen layers, perhaps a trainable top, and one head, as a single module.

Owns `StackModel` and its two makers: `trainable` (a fresh top and head above committed layers) and `frozen` (a
committed stack, for evaluation and attack). Dtypes: "bf16" rounds what is frozen to bf16, and what is trained, with the
head, is fp32; a method that says so is fp32 as a whole, under autocast. Computed in fp32 (``compute_dtype``, see
`model.products`), the rounded numbers are held in fp32, and nothing runs under autocast. Whatever a method does to
gradients, the trainable set is set here, as the last thing, and asserted.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, cast

import torch
from torch import Tensor, nn

from adaptx.errors import Incompatible, StoreCorrupt
from adaptx.families import family_of, shape_of
from adaptx.methods import method_named
from adaptx.model import backbone
from adaptx.model.dropout import replace_dropout
from adaptx.model.forms import Batch, heavy_form
from adaptx.model.methods import ModelMethod, TrainedLayer, check_tensors, heavy_method, read_tensors, write_tensors
from adaptx.model.products import DTYPES
from adaptx.tables import read_object
from adaptx.tasks.forms import form_named, same_head

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from adaptx.backbone import BackboneRef
    from adaptx.model.forms.heads import Head
    from adaptx.spec import MethodSpec
    from adaptx.tasks.task import Task

__all__ = ["PRECISIONS", "StackModel", "TrainedLayer", "frozen", "trainable"]

HEAD_WEIGHTS, HEAD_CARD = "head.safetensors", "head.json"
PRECISIONS = DTYPES
HASHED = 2**24  # numbers at once


class StackModel(nn.Module):
    """An encoder with its layers attached and a head, or one a task of a mixture.

    ``order`` rearranges the head's labels, None keeps them; ``method`` and ``spec`` are None for a bare backbone.
    """

    def __init__(
        self,
        *,
        loaded: backbone.Backbone,
        head: nn.Module,
        tasks: Sequence[Task],
        method: ModelMethod | None,
        spec: MethodSpec | None,
        ref: BackboneRef,
        precision: str,
        compute_dtype: str = "bf16",
        order: Sequence[int] | None = None,
    ) -> None:
        super().__init__()
        self.encoder, self.head = loaded.encoder, head
        self.tasks, self.method, self.spec, self.ref = tasks, method, spec, ref
        self.task, self.form = tasks[0], heavy_form(tasks[0].form)  # of a mixture, the first
        self.tokenizer: PreTrainedTokenizerBase = loaded.tokenizer
        self.max_length = loaded.max_length
        self.takes_types = "token_type_ids" in loaded.tokenizer.model_input_names
        self.precision, self.compute_dtype = precision, compute_dtype
        self.order: Tensor | None
        self.register_buffer("order", None if order is None else torch.tensor(order), persistent=False)

    def forward(self, batch: Batch) -> Tensor:
        """Return the head's fp32 output for one micro-batch."""
        types = {"token_type_ids": batch.token_type_ids} if self.takes_types else {}
        with self.autocast(batch.input_ids.device.type):
            hidden = self.encoder(input_ids=batch.input_ids, attention_mask=batch.attention_mask, **types)[0]
        heads = cast("list[Head]", list(self.head) if isinstance(self.head, nn.ModuleList) else [self.head])
        head = heads.pop(batch.part if len(heads) > 1 else 0)
        output: Tensor = head(hidden, *(getattr(batch, name) for name in head.reads))
        if self.training and heads:
            output = output + idle(heads, hidden)
        return output if self.order is None else output.index_select(-1, self.order)

    def autocast(self, device: str) -> AbstractContextManager[Any]:
        """Return the context that the encoder runs in: only fp32 weights under bf16 need one."""
        if self.precision == self.compute_dtype == "bf16" and is_in_fp32(self.spec):
            return torch.autocast(device, dtype=torch.bfloat16)
        return nullcontext()

    def trainable_names(self) -> set[str]:
        """Return the names of all parameters that are trained, head included."""
        return {name for name, parameter in self.named_parameters() if parameter.requires_grad}

    def adapter_state(self) -> dict[str, Tensor]:
        """Return the top's tensors under their names in the committed file; views, not copies."""
        parameters = dict(self.encoder.named_parameters())
        top = self.method.top(self.encoder) if self.method else {}
        return {file: parameters[name].detach() for name, file in top.items()}

    def head_state(self) -> dict[str, Tensor]:
        """Return the head's tensors; views, not copies."""
        return {name: tensor.detach() for name, tensor in self.head.state_dict().items()}

    def restore(self, adapter: Mapping[str, Tensor], head: Mapping[str, Tensor]) -> None:
        """Copy an earlier `adapter_state` and `head_state` back into the model."""
        with torch.no_grad():
            for slots, values in ((self.adapter_state(), adapter), (self.head_state(), head)):
                check_tensors(values, slots, Path("state in memory"))
                for name, slot in slots.items():
                    slot.copy_(values[name])

    def fingerprint(self) -> str:
        """Return the sha256 over every frozen parameter: name, shape, values as fp32, in order of name."""
        digest = hashlib.sha256()
        for name, parameter in sorted(self.named_parameters()):
            if not parameter.requires_grad:
                digest.update(f"{name} {tuple(parameter.shape)}\n".encode())
                for part in parameter.detach().flatten().split(HASHED):
                    digest.update(part.cpu().float().numpy().data)
        return digest.hexdigest()

    def save(self, folder: Path) -> None:
        """Write the top in its method's own layout, and the head with its labels by name."""
        assert self.method is not None, "a bare backbone has nothing to save"
        self.method.describe(self.encoder, folder, self.ref.name)
        write_tensors(self.adapter_state(), folder / self.method.weights)
        write_tensors(self.head_state(), folder / HEAD_WEIGHTS)
        cards = [head_card(task) for task in self.tasks]
        card = cards[0] if len(cards) == 1 else {"heads": cards}
        (folder / HEAD_CARD).write_text(json.dumps(card, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def trainable(
    ref: BackboneRef,
    below: Sequence[TrainedLayer],
    method: MethodSpec,
    task: Task,
    *,
    precision: str,
    seed: int,
    device: str,
    compute_dtype: str = "bf16",
    others: Sequence[Task] = (),
) -> StackModel:
    """Build a stack to train: ``below`` frozen, a fresh top that changes nothing yet, a fresh head.

    ``others`` are more tasks that the top learns, with a head each. The random parts depend on seed and tasks alone.
    Raises `Incompatible` for mixed methods, an adapter of another backbone, or a method that this backbone cannot
    carry.
    """
    check_fit(ref, below, method)
    tasks, way = (task, *others), heavy_method(method.name)
    loaded = backbone.load(ref, dtype=weights_dtype(method, precision))
    way.attach_frozen(loaded.encoder, below)
    widen(loaded.encoder, compute_dtype)
    with seeded(seed, "+".join(task.name for task in tasks), "adapter"):
        way.attach_trainable(loaded.encoder, method)
    heads = [seeded_head(loaded, task, seed) for task in tasks]
    head = heads[0] if len(heads) == 1 else nn.ModuleList(heads)
    model = StackModel(
        loaded=loaded,
        head=head,
        tasks=tasks,
        method=way,
        spec=method,
        ref=ref,
        precision=precision,
        compute_dtype=compute_dtype,
    )
    family = family_of(loaded.config.to_dict())
    replace_dropout(loaded.encoder, tokens_first=family.tokens_first, rowless=family.rowless_dropout)
    replace_dropout(head)
    open_only(
        model, {f"encoder.{name}" for name in way.top(loaded.encoder)} | {f"head.{n}" for n in model.head_state()}
    )
    return model.to(device)


def frozen(
    ref: BackboneRef,
    layers: Sequence[TrainedLayer],
    task: Task,
    *,
    precision: str,
    device: str,
    compute_dtype: str = "bf16",
    layer: int | None = None,
) -> StackModel:
    """Build a committed stack to evaluate ``task`` with: the head is the topmost layer's, labels matched by name.

    No layers are the bare backbone. A form whose head has no weights (retrieval) goes with every stack; ``layer`` says
    whose hidden states it reads. Raises `Incompatible` if form or labels do not match, or as `trainable` does.
    """
    method = layers[-1].method if layers else None
    way = heavy_method(method.name) if method else None
    loaded = backbone.load(ref, dtype=weights_dtype(method, precision))
    if method and way:
        check_fit(ref, layers, method, top=True)
        way.attach_frozen(loaded.encoder, layers)
    widen(loaded.encoder, compute_dtype)
    head = fresh_head(loaded, task)
    order = filled_head(head, layers[-1], task) if head.state_dict() else None
    depth = head.depth(shape_of(loaded.config.to_dict()).layers, layer)
    if depth is not None:
        backbone.cut(loaded.encoder, depth)
    model = StackModel(
        loaded=loaded,
        head=head,
        tasks=[task],
        method=way,
        spec=method,
        ref=ref,
        precision=precision,
        compute_dtype=compute_dtype,
        order=order,
    )
    open_only(model, set())
    return model.to(device).eval()


def seeded_head(loaded: backbone.Backbone, task: Task, seed: int) -> Head:
    with seeded(seed, task.name, "head"):
        head = fresh_head(loaded, task)
    head.join(loaded.encoder, loaded.heads)
    return head


def idle(heads: Sequence[Head], hidden: Tensor) -> Tensor:
    """Return 0 made by the heads that a batch of a mixture does not use, which read one token.

    Every trained tensor then has a gradient at every step, whatever the ZeRO stage makes of absent ones. The heads are
    run, and not their parameters read, because stage 3 gathers what runs.
    """
    token, mark = hidden[:1, :1].detach(), torch.ones(1, 1, dtype=torch.long, device=hidden.device)
    batch = Batch(input_ids=mark, attention_mask=mark, token_type_ids=None, weights=mark[0].float(), targets=mark)
    trained = [head for head in heads if any(True for _ in head.parameters())]
    outputs = [head(token, *(getattr(batch, name) for name in head.reads)).sum() for head in trained]
    return 0.0 * torch.stack([hidden.new_zeros((), dtype=torch.float32), *outputs]).sum()


def fresh_head(loaded: backbone.Backbone, task: Task) -> Head:
    """Return a head that reads the classifier token: the first, or the last where the backbone pads on the left."""
    summary = -1 if loaded.tokenizer.padding_side == "left" else 0
    head: Head = heavy_form(task.form).head(loaded.hidden_size, task, summary=summary).float()
    return head


def check_fit(ref: BackboneRef, layers: Sequence[TrainedLayer], method: MethodSpec, *, top: bool = False) -> None:
    """Raise `Incompatible` if the layers, the method and the backbone do not go together.

    With ``top`` the last of the layers is the method's own.
    """
    known = method_named(method.name).stands_on
    for layer in layers[:-1] if top else layers:
        if layer.method.name not in known:
            raise Incompatible(
                f"layer {layer.task!r} ({layer.id[:12]}) is {layer.method.name!r}, the stack is {method.name!r}",
                hint=f"under {method.name} may be: {', '.join(known) or 'nothing, it cannot be stacked'}",
            )
    for layer in layers:
        trained_on = read_object(layer.path / "spec.json").get("backbone")
        if trained_on != ref.revision:
            raise Incompatible(
                f"layer {layer.task!r} ({layer.id[:12]}) was trained on backbone {trained_on}, not on "
                f"{ref.name!r} at {ref.revision}",
                hint="train it on this backbone, or give the --backbone that it was trained on",
            )


def is_in_fp32(method: MethodSpec | None) -> bool:
    """Say whether all weights stay in fp32; a bare backbone is held as under an adapter."""
    return method is not None and method_named(method.name).in_fp32


def weights_dtype(method: MethodSpec | None, precision: str) -> torch.dtype:
    if precision not in PRECISIONS:
        raise Incompatible(f"unknown precision {precision!r}", hint=f"known: {', '.join(PRECISIONS)}")
    return torch.float32 if is_in_fp32(method) else PRECISIONS[precision]


def widen(encoder: nn.Module, compute_dtype: str) -> None:
    """Hold frozen weights, rounded as they are, in what they are computed in: before a top is put on."""
    if compute_dtype == "fp32":
        encoder.float()


@contextmanager
def seeded(seed: int, task: str, part: str) -> Iterator[None]:
    """Run a block under torch's CPU random state derived from seed, task and part; the caller's state is kept."""
    number = int.from_bytes(hashlib.sha256(f"{seed}\n{task}\n{part}".encode()).digest()[:8], "big") >> 1
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(number)
        yield


def open_only(model: StackModel, names: set[str]) -> None:
    """Make exactly ``names`` trainable and make sure of it."""
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(name in names)
    found = model.trainable_names()
    if found != names:
        raise RuntimeError(f"trainable set is wrong, by {len(found ^ names)} names, e.g. {sorted(found ^ names)[:3]}")


class HeadCard(TypedDict):
    """What a head was trained for."""

    form: str
    task: str
    labels: list[str]
    fields: list[str]


def head_card(task: Task) -> HeadCard:
    return {"form": task.form, "task": task.name, "labels": list(task.labels), "fields": list(task.fields)}


def read_cards(layer: TrainedLayer) -> list[HeadCard]:
    """Return what every head of a layer was trained for: one, or one a task of a mixture."""
    path = layer.path / HEAD_CARD
    card = read_object(path)
    cards = card.get("heads", [card])
    if not isinstance(cards, list) or not cards or not all(map(_is_card, cards)):
        raise StoreCorrupt(f"{path} does not say what its heads were trained for", hint="run adaptx verify")
    return cards


def _is_card(value: object) -> bool:
    """Return whether a value that was read is a `HeadCard`."""
    if not isinstance(value, dict) or not all(isinstance(value.get(key), str) for key in ("form", "task")):
        return False
    lists = [value.get(key) for key in ("labels", "fields")]
    return all(isinstance(names, list) and all(isinstance(name, str) for name in names) for names in lists)


def head_for(cards: Sequence[HeadCard], task: Task, layer: TrainedLayer) -> int:
    """Return which head answers ``task``: of those with its form and labels, one of its training counterpart."""
    fitting = [number for number, card in enumerate(cards) if same_head(card["form"], card["labels"], task)]
    if not fitting:
        learnt = "; ".join(f"{card['task']}: {card['form']} {card['labels']}" for card in cards)
        raise Incompatible(
            f"no head of {layer.task!r} ({learnt}) fits task {task.name!r} ({task.form} {list(task.labels)})",
            hint=f"end the stack with a layer trained on {' '.join(task.trains_on)}",
        )
    wanted = {*task.trains_on, task.base}
    learnt_on = [card["task"].partition("@")[0] for card in cards]  # in whatever languages
    return next((number for number in fitting if learnt_on[number] in wanted), fitting[0])


def label_order(card: HeadCard, task: Task) -> list[int] | None:
    """Return which label of the head stands for each label of the task, None if they stand in the same order."""
    if not form_named(task.form).by_label:
        return None
    learnt, asked = list(card["labels"]), list(task.labels)
    return None if learnt == asked else [learnt.index(label) for label in asked]


def filled_head(head: nn.Module, layer: TrainedLayer, task: Task) -> list[int] | None:
    """Fill a head from the one of ``layer`` that answers ``task``; return the order of its labels as `label_order`."""
    cards = read_cards(layer)
    number = head_for(cards, task, layer)
    order = label_order(cards[number], task)
    prefix, path = f"{number}." if len(cards) > 1 else "", layer.path / HEAD_WEIGHTS
    tensors = {name.removeprefix(prefix): t for name, t in read_tensors(path).items() if name.startswith(prefix)}
    check_tensors(tensors, head.state_dict(), path)
    head.load_state_dict(tensors, strict=True)
    return order
