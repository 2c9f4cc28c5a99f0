"""Contrastive steps: a pair is held against the whole effective batch, however it is cut into micro-batches and ranks.

Owns the two passes of gradient caching (Gao et al. 2021, "Scaling deep contrastive learning batch size under memory
limited setup"). First all vectors are made without gradients and gathered over ranks; the loss of the whole batch gives
each vector its gradient; then every micro-batch runs again, under the same dropout, and hands that gradient on. What
the parameters get is exactly the gradient of one big batch, at the price of a second forward.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import torch
from torch import Tensor

if TYPE_CHECKING:
    from adaptx.model.forms import Batch
    from adaptx.training.engine import Group

__all__ = ["Contrastive", "accumulate"]


@runtime_checkable
class Contrastive(Protocol):
    """A form whose loss of a row depends on the other rows of the effective batch."""

    def vectors(self, output: Tensor, batch: Batch) -> Tensor:
        """Return a micro-batch's vectors, ``(pairs, sides, hidden)``, fillers left out."""
        ...

    def names(self, batch: Batch) -> Tensor:
        """Return what tells equal items, ``(pairs,)``, fillers left out."""
        ...

    def contrast(self, pairs: Tensor, items: Tensor) -> Tensor:
        """Return the loss summed over pairs, given ``(pairs, sides, hidden)`` and the names ``(pairs,)``."""
        ...


def accumulate(
    form: Contrastive,
    batches: Sequence[Batch],
    *,
    forward: Callable[[Batch], Tensor],
    backward: Callable[[Tensor], None],
    seed: int,
    units: float,
    group: Group,
) -> Tensor:
    """Accumulate the gradients of one effective batch, of which ``batches`` are this rank's micro-batches.

    ``units`` is the number of pairs of all ranks; every rank has equally many micro-batches. Returns this rank's share
    of the loss: the shares of all ranks add up to it.
    """

    def again(number: int) -> Tensor:
        torch.manual_seed(seed + number)
        return form.vectors(forward(batches[number]), batches[number])

    with torch.no_grad():
        own = [again(number) for number in range(len(batches))]
    names = torch.cat([form.names(batch) for batch in batches])
    loss, mine = _gradients(form, torch.cat(own), names, units, group)
    for number, gradient in enumerate(mine.split([len(vectors) for vectors in own])):
        backward((again(number) * gradient).sum())
    return loss / group.size


def _gradients(form: Contrastive, own: Tensor, names: Tensor, units: float, group: Group) -> tuple[Tensor, Tensor]:
    """Return the loss of the whole batch and its gradient with respect to this rank's vectors."""
    everyone = group.gather((own.cpu(), names.cpu()))
    before = sum(len(vectors) for vectors, _ in everyone[: group.rank])
    pairs = torch.cat([vectors for vectors, _ in everyone]).to(own.device).requires_grad_()
    loss = form.contrast(pairs, torch.cat([other for _, other in everyone]).to(own.device)) / units
    (gradient,) = torch.autograd.grad(loss, pairs)
    return loss.detach(), gradient[before : before + len(own)]
