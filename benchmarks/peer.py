"""The peer: Hugging Face Trainer with peft, as its own example scripts set it up, on features that adaptx encoded.

Two settings. ``default`` is what ``run_glue.py`` does unless told otherwise: every row padded to 128 tokens
(``pad_to_max_length``), random order, fp32. ``tuned`` pads to the longest row of a batch and groups rows of like length
(``group_by_length``), with ``--bf16``, that is autocast over fp32 weights. Rows are tokenised before the clock starts,
nothing is logged or saved, and a plain list stands in for a data set, all in the peer's favour. The head is the model's
own, trained from new weights together with LoRA on the same linear layers as adaptx's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import torch
from ours import Spent

from adaptx.families import linear_paths
from adaptx.methods import method_named
from adaptx.methods.lora import settings as lora_settings
from adaptx.model.methods.lora import configuration

if TYPE_CHECKING:
    from adaptx.model.forms import Feature
    from adaptx.spec import MethodSpec, Optimisation

__all__ = ["Peer", "built", "rows_of", "trained", "trainer"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """How the peer trains."""

    bf16: bool
    padded_to: int | None = None  # every row to this many tokens; None: to the longest of its batch
    grouped: bool = False  # rows of like length together
    device: str = "cpu"


def built(folder: Path, method: MethodSpec, labels: int, *, seed: int) -> Any:
    """Return the folder's classification model with a fresh head, and with peft's LoRA unless all is trained."""
    from transformers import AutoModelForSequenceClassification

    torch.manual_seed(seed)
    model = AutoModelForSequenceClassification.from_pretrained(folder, num_labels=labels)
    pooler = getattr(model.base_model, "pooler", None)
    for part in filter(None, (pooler, model.classifier)):
        part.apply(model._init_weights)  # noqa: SLF001 - the library's own start of a head
    head = ["classifier"] if pooler is None else ["classifier", "pooler"]
    return model if method_named(method.name).trains_all else with_lora(model, method, head)


def with_lora(model: Any, method: MethodSpec, head: list[str]) -> Any:
    """Return the model with peft's LoRA on the linear layers that ``method`` names, and its head trained."""
    import peft

    config = model.config.to_dict()
    wanted = lora_settings(method, config)
    paths = linear_paths(config, wanted.targets)
    ours = configuration(paths, rank=wanted.rank, alpha=wanted.alpha, dropout=wanted.dropout)
    settings = peft.LoraConfig(
        task_type="SEQ_CLS",
        r=wanted.rank,
        lora_alpha=wanted.alpha,
        lora_dropout=wanted.dropout,
        target_modules=ours.target_modules,
        modules_to_save=head,
    )
    return peft.get_peft_model(model, settings)


def rows_of(features: Sequence[Feature]) -> list[dict[str, Any]]:
    """Return features as rows of a data set."""
    return [
        {
            "input_ids": list(feature.ids),
            "attention_mask": [1] * len(feature),
            **({} if feature.types is None else {"token_type_ids": list(feature.types)}),
            "labels": feature.target[0],
        }
        for feature in features
    ]


def trainer(model: Any, tokenizer: Any, rows: Sequence[Any], plan: Optimisation, peer: Peer, seed: int) -> Any:
    """Return a Trainer for ``rows`` with the same batch, schedule, decay and clipping as adaptx's run."""
    from transformers import DataCollatorWithPadding, Trainer, TrainingArguments

    fixed = {"padding": "max_length", "max_length": peer.padded_to} if peer.padded_to else {}
    settings = TrainingArguments(
        output_dir=TemporaryDirectory(prefix="peer-").name,
        per_device_train_batch_size=plan.batch,
        per_device_eval_batch_size=plan.batch,
        num_train_epochs=plan.epochs,
        learning_rate=plan.lr,
        lr_scheduler_type="linear",
        warmup_ratio=plan.warmup,
        weight_decay=plan.weight_decay,
        max_grad_norm=plan.clip,
        adam_epsilon=plan.adam_epsilon,
        group_by_length=peer.grouped,
        bf16=peer.bf16,
        use_cpu=peer.device == "cpu",
        dataloader_pin_memory=peer.device != "cpu",
        save_strategy="no",
        logging_strategy="no",
        report_to=[],
        disable_tqdm=True,
        seed=seed,
    )
    return Trainer(
        model=model,
        args=settings,
        train_dataset=rows,
        data_collator=DataCollatorWithPadding(tokenizer, **fixed),
    )


def trained(running: Any, *, after: int = 0) -> Spent:
    """Train and return the time from the end of step ``after`` to the loop's end, set-up left out."""
    from transformers import TrainerCallback

    spent = Spent()

    class Clock(TrainerCallback):  # type: ignore[misc]  # the library is Any here
        def on_train_begin(self, *_args: Any, **_kwargs: Any) -> None:
            spent.begin()

        def on_step_end(self, _args: Any, state: Any, *_rest: Any, **_kwargs: Any) -> None:
            if state.global_step == after:
                spent.begin()

        def on_train_end(self, *_args: Any, **_kwargs: Any) -> None:
            spent.end()

    running.add_callback(Clock())
    running.train()
    return spent
