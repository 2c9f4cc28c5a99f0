"""``charswap``: typing slips within a word, in any script: swap neighbours, delete, insert, substitute.

The default is ``swap`` alone, for it needs no alphabet and so means the same in every script; the others draw letters
of the word's own script from the alphabet counted on the clean split. What a slip is: `adaptx.robustness.slips`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from adaptx.robustness.attack import Edit, Subset, attack
from adaptx.robustness.slips import OPERATIONS, slips

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

    from adaptx.robustness.graphemes import Alphabet

__all__ = ["charswap"]


@attack("charswap", unit="cluster", version=1)
def charswap(
    text: str,
    *,
    rng: Random,
    lang: str,  # noqa: ARG001 (the protocol's)
    alphabet: Alphabet,
    operations: Annotated[str, Subset(tuple(OPERATIONS))] = "swap",
) -> Iterator[Edit]:
    """Propose single slips in random order, all slots equally likely."""
    yield from slips(text, operations, rng, alphabet)
