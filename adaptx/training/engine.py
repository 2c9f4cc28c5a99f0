"""DeepSpeed behind four verbs: join the group, run a micro-batch backward, step, read and write the whole state.

The only importer of deepspeed. Owns the process group, the DeepSpeed configuration and the gathering of partitioned
tensors; may not know of tasks, batches or files. DeepSpeed's own gradient accumulation is off: the caller scales
losses and says when to step, so that the effective batch is exact. DeepSpeed's bf16 mode is off: frozen weights come
in bf16 and trainable ones in fp32. On a CPU the process group is gloo's and no operator is compiled, so no compiler is
needed.
"""

from __future__ import annotations

import logging
import os
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar, cast

import torch
from torch import Tensor, distributed, nn

from adaptx.errors import AdaptxError, Missing

if TYPE_CHECKING:
    from adaptx.spec import Optimisation
    from adaptx.training.settings import ComputeSettings

__all__ = ["Engine", "Group", "join"]

T = TypeVar("T")

LATE = re.compile(r"timed? ?out", re.IGNORECASE)
LOST = re.compile(rf"{LATE.pattern}|connection (closed|reset|refused)|broken pipe|gloo|nccl", re.IGNORECASE)

MOMENTS = ("exp_avg", "exp_avg_sq")
PARTITIONED = 3  # the ZeRO stage that partitions parameters
BUCKET = 50_000_000  # elements reduced at once: 200 MB, where DeepSpeed's default takes 2 GB
PERSISTENCE_THRESHOLD = 100_000  # elements: ZeRO-3 leaves smaller parameters whole
LAUNCHED = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")  # what a launcher sets


@dataclass(frozen=True, slots=True)
class Group:
    """The processes that work together. ``device`` is this rank's, as torch spells it."""

    rank: int
    size: int
    device: str
    deadline: float = 0.0  # seconds that another rank is waited for
    _object_group: Any = None  # a gloo group for Python objects: tensors may be on another one

    @contextmanager
    def together(self) -> Iterator[None]:
        """Tell in words what a library says of a rank that fell behind or is gone; raises `AdaptxError`."""
        try:
            yield
        except RuntimeError as fault:
            text = str(fault)
            if self.size == 1 or not (LOST.search(text) or isinstance(fault, distributed.DistError)):
                raise
            late = f"another rank fell behind: rank {self.rank} waited {self.deadline:g} s for it"
            gone = f"another rank has ended while rank {self.rank} was waiting for it"
            raise AdaptxError(
                late if LATE.search(text) else gone,
                hint="the first message of the other ranks says why; the same command goes on from the last checkpoint",
            ) from fault

    def barrier(self) -> None:
        """Wait until every rank is here."""
        if self.size > 1:
            with self.together():
                distributed.barrier(group=self._object_group)

    def agree(self, value: Any) -> Any:
        """Return rank 0's ``value`` on every rank."""
        box = [value]
        if self.size > 1:
            with self.together():
                distributed.broadcast_object_list(box, src=0, group=self._object_group)
        return box[0]

    def gather(self, value: T) -> list[T]:
        """Return every rank's ``value``, in the order of ranks."""
        if self.size == 1:
            return [value]
        found: list[Any] = [None] * self.size
        with self.together():
            distributed.all_gather_object(found, value, group=self._object_group)
        return found

    def highest(self, value: int) -> int:
        """Return the greatest ``value`` of all ranks."""
        if self.size == 1:
            return value
        greatest = torch.tensor(value)
        with self.together():
            distributed.all_reduce(greatest, op=distributed.ReduceOp.MAX, group=self._object_group)
        return int(greatest)

    def total(self, value: float) -> float:
        """Return the sum of ``value`` over ranks."""
        if self.size == 1:
            return value
        whole = torch.tensor(value, dtype=torch.float64)
        with self.together():
            distributed.all_reduce(whole, group=self._object_group)
        return float(whole)


_joined: dict[str, Group] = {}


def join(how: ComputeSettings) -> Group:
    """Enter the process group of a launch, or one of this process alone; the second call returns the first's group.

    Raises `Missing` where ``how`` asks for CUDA and there is none, and `AdaptxError` where a rank does not come within
    the deadline.
    """
    device = _device(how)
    if device not in _joined:
        _joined[device] = _enter(device, how.deadline)
    return _joined[device]


def _device(how: ComputeSettings) -> str:
    found = torch.cuda.is_available()
    if how.device == "cuda" and not found:
        raise Missing("--device cuda, but torch sees no CUDA device here", hint="--device cpu")
    return "cuda" if found and how.device != "cpu" else "cpu"


def _enter(device: str, deadline: float) -> Group:
    backend, patience = "nccl" if device == "cuda" else "gloo", timedelta(seconds=deadline)
    if not distributed.is_initialized():
        if all(name in os.environ for name in LAUNCHED):
            expected = Group(int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"]), device, deadline)
            with expected.together():
                distributed.init_process_group(backend, timeout=patience)
        else:  # alone: a rendezvous in memory needs neither a port nor a file
            memory = distributed.HashStore()  # type: ignore[attr-defined]
            distributed.init_process_group(backend, store=memory, rank=0, world_size=1)
    rank, size = distributed.get_rank(), distributed.get_world_size()
    words = distributed.new_group(backend="gloo", timeout=patience) if size > 1 else None
    if device == "cuda":
        local = int(os.environ.get("LOCAL_RANK", "0"))
        torch.cuda.set_device(local)
        device = f"cuda:{local}"
    return Group(rank, size, device, deadline, words)


def _deepspeed(group: Group) -> Any:
    """Import DeepSpeed for this device, quiet, and hand it the process group that is already there."""
    os.environ.setdefault("DS_ACCELERATOR", group.device.partition(":")[0])
    os.environ.setdefault("LOCAL_RANK", "0")  # it insists, even alone
    import deepspeed
    from deepspeed import accelerator, comm, ops
    from deepspeed.accelerator.cpu_accelerator import CPU_Accelerator
    from deepspeed.utils import logger

    logger.setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", r"`torch\.distributed", FutureWarning)  # DeepSpeed's calls, one line per rank
    if group.device == "cpu":
        if accelerator.get_accelerator().device_name() != "cpu":  # another library had it choose before us
            accelerator.set_accelerator(CPU_Accelerator())
        # Its shared-memory all-reduce would be compiled at first use: torch's gloo does the same without a compiler,
        # and with the same bits on machines with and without one.
        ops.__compatible_ops__ = {"deepspeed_shm_comm": False, "deepspeed_not_implemented": False}
    if not comm.is_initialized():
        comm.init_distributed(dist_backend=distributed.get_backend(), verbose=False)
    return deepspeed


class Engine:
    """One model being trained by DeepSpeed, at any ZeRO stage, with its AdamW."""

    def __init__(self, model: nn.Module, optimisation: Optimisation, how: ComputeSettings, group: Group) -> None:
        self.model, self.group = model, group
        self.trained = {name: p for name, p in model.named_parameters() if p.requires_grad}
        self.stage = how.stage(ranks=group.size, trained_share=_share(self.trained.values(), model.parameters()))
        self._library = _deepspeed(group)
        groups = _parameter_groups(self.trained, optimisation)
        settings = _config(self.stage, optimisation, how, cpu=group.device == "cpu")
        # DeepSpeed refuses a client optimizer together with offload and builds its own from the configuration.
        client = None if how.offload else torch.optim.AdamW(groups, fused=True, **_adam(optimisation))
        self._engine, *_ = self._library.initialize(
            model=model, model_parameters=groups, optimizer=client, config=settings, dist_init_required=False
        )
        _create_moments(self._adam())
        if group.size == 1 and self.stage == 0:  # nobody to reduce with: saves 1 % of a MiniLM step
            self._engine.enable_backward_allreduce = False

    def forward(self, *args: Any) -> Tensor:
        """Run the model."""
        with self.group.together():
            return cast("Tensor", self._engine(*args))

    def backward(self, loss: Tensor) -> None:
        """Accumulate gradients of ``loss``, a sum over this rank's units over the unit count of the effective batch."""
        with self.group.together():
            self._engine.backward(loss * self.group.size, scale_wrt_gas=False)  # DeepSpeed averages over ranks

    def step(self, lr: float) -> None:
        """Reduce over ranks, clip the global norm, update once and forget the gradients."""
        for group in self._engine.optimizer.param_groups:
            group["lr"] = lr
        with self.group.together():
            self._engine.step()

    def weights(self) -> dict[str, Tensor]:
        """Return copies of the trained parameters, whole, on the CPU; every rank must call."""
        with self._whole(self.trained.values()):
            return {name: p.detach().to("cpu", copy=True) for name, p in self.trained.items()}

    def set_weights(self, values: Mapping[str, Tensor]) -> None:
        """Write whole parameters, and the optimizer's own copies of them at stages 1 to 3; every rank must call."""
        with self._whole(self.trained.values(), write=True), torch.no_grad():
            for name, parameter in self.trained.items():
                parameter.copy_(values[name])
        for name, parameter in self.trained.items():
            if self.stage == PARTITIONED:
                self._fragments().safe_set_local_fp32_param(parameter, self._mine(parameter, values[name]))
            elif self.stage:
                self._fragments().safe_set_full_fp32_param(parameter, values[name].to(self.group.device))

    def moments(self) -> dict[str, Tensor]:
        """Return copies of AdamW's two moments, ``<name>/<moment>``, whole, on the CPU; every rank must call."""
        return {
            f"{name}/{moment}": self._moment(parameter, moment).to("cpu", copy=True)
            for name, parameter in self.trained.items()
            for moment in MOMENTS
        }

    def set_moments(self, values: Mapping[str, Tensor], steps: int) -> None:
        """Write AdamW's moments and how many steps it has taken; needs one `step` before, which creates them."""
        for name, parameter in self.trained.items():
            for moment in MOMENTS:
                self._set_moment(parameter, moment, values[f"{name}/{moment}"])
        for state in self._adam().state.values():
            state["step"] = torch.full_like(torch.as_tensor(state["step"], dtype=torch.float32), steps)

    def close(self) -> None:
        """Leave the model whole and its own again: parameters gathered, DeepSpeed's hooks removed."""
        everything = list(self.model.parameters())
        with self._whole(everything):
            values = [p.detach().clone() for p in everything] if self.stage else []
        self._engine.destroy()
        for parameter, value in zip(everything, values, strict=False):
            parameter.data = value

    def _moment(self, parameter: nn.Parameter, moment: str) -> Tensor:
        if self.stage == 0:
            return cast("Tensor", self._adam().state[parameter][moment])
        found = self._fragments().safe_get_full_optimizer_state(parameter, moment)
        return cast("Tensor", found).reshape(self._shape(parameter))

    def _set_moment(self, parameter: nn.Parameter, moment: str, value: Tensor) -> None:
        if self.stage == 0:
            self._adam().state[parameter][moment].copy_(value)
        elif self.stage == PARTITIONED:
            self._fragments().safe_set_local_optimizer_state(parameter, self._mine(parameter, value), moment)
        else:
            self._fragments().safe_set_full_optimizer_state(parameter, value.to(self.group.device), moment)

    def _mine(self, parameter: nn.Parameter, value: Tensor) -> Tensor:
        """Return this rank's part of a whole tensor as stage 3 cuts it.

        DeepSpeed's own writing of whole tensors fails where ranks do not divide their size: a head of three labels.
        """
        length: int = parameter.ds_tensor.numel()  # type: ignore[attr-defined]
        whole = torch.zeros(length * self.group.size, dtype=value.dtype, device=self.group.device)
        whole[: value.numel()] = value.flatten()
        return whole.narrow(0, length * self.group.rank, length)

    def _shape(self, parameter: nn.Parameter) -> torch.Size:
        return cast("torch.Size", getattr(parameter, "ds_shape", parameter.shape))

    def _adam(self) -> torch.optim.Optimizer:
        """Return torch's optimizer, which ZeRO wraps."""
        outer = self._engine.optimizer
        return cast("torch.optim.Optimizer", outer.optimizer if self.stage else outer)

    def _fragments(self) -> Any:
        return self._library.utils

    def _whole(self, parameters: Any, *, write: bool = False) -> AbstractContextManager[Any]:
        """Gather parameters that stage 3 has partitioned: outside of this they read as empty."""
        if self.stage < PARTITIONED:
            return nullcontext()
        return cast(
            "AbstractContextManager[Any]",
            self._library.zero.GatheredParameters(list(parameters), modifier_rank=0 if write else None),
        )


def _share(part: Any, whole: Any) -> float:
    share: float = sum(p.numel() for p in part) / max(1, sum(p.numel() for p in whole))
    return share


def _adam(optimisation: Optimisation) -> dict[str, Any]:
    return {"lr": optimisation.lr, "betas": (0.9, 0.999), "eps": optimisation.adam_epsilon}


def _create_moments(adam: torch.optim.Optimizer) -> None:
    """Give every parameter its AdamW state before the first step.

    ZeRO 1 and 2 look for all of it after stepping the first of several parameter groups, and never again.
    """
    for parameter in (p for group in adam.param_groups for p in group["params"]):
        zeros = {moment: torch.zeros_like(parameter) for moment in MOMENTS}
        adam.state[parameter] = {"step": torch.zeros((), device=parameter.device), **zeros}


def _parameter_groups(trained: Mapping[str, nn.Parameter], optimisation: Optimisation) -> list[dict[str, object]]:
    """Split into decayed weights and those exempt: biases and LayerNorms, which are the tensors of one axis."""
    decayed = [p for p in trained.values() if p.ndim > 1]
    exempt = [p for p in trained.values() if p.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": optimisation.weight_decay}, {"params": exempt, "weight_decay": 0.0}]
    return [group for group in groups if group["params"]]


def _config(stage: int, optimisation: Optimisation, how: ComputeSettings, *, cpu: bool) -> dict[str, object]:
    """Return DeepSpeed's configuration; batch sizes are nominal, since the caller owns accumulation."""
    zero: dict[str, object] = {
        "stage": stage,
        "overlap_comm": False,
        "reduce_bucket_size": BUCKET,
        "allgather_bucket_size": BUCKET,
        "stage3_param_persistence_threshold": PERSISTENCE_THRESHOLD,
    }
    settings: dict[str, object] = {
        "train_micro_batch_size_per_gpu": 1,
        "gradient_accumulation_steps": 1,
        "managed_gradient_accumulation": False,
        "gradient_clipping": optimisation.clip,
        "zero_optimization": zero,
        "zero_allow_untested_optimizer": False,
        "steps_per_print": None,
        "wall_clock_breakdown": False,
    }
    if how.offload:
        zero["offload_optimizer"] = {"device": "cpu", "pin_memory": not cpu}
        adam = {**_adam(optimisation), "weight_decay": optimisation.weight_decay, "torch_adam": True}
        settings["optimizer"] = {"type": "AdamW", "params": adam}
    return settings
