"""Two texts in one window: how much room there is for them, and how the second is kept from filling it.

Owns what span and choice share before they tokenise; which text is cut first is theirs to say.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from adaptx.errors import Incompatible, UsageError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from adaptx.model.forms import Limits

__all__ = ["pair_room", "truncate"]

LEAST_ROOM = 8  # tokens: below this no window holds two texts worth the name


def pair_room(tokenizer: PreTrainedTokenizerBase, limits: Limits, texts: str) -> int:
    """Return the tokens that a window has for both ``texts`` (their names, for messages).

    Raise `Incompatible` for a tokenizer without offsets, `UsageError` for a window that is too short.
    """
    if not tokenizer.is_fast:
        raise Incompatible(
            f"{type(tokenizer).__name__} gives no offsets, which {texts} need",
            hint="use a backbone with a fast tokenizer (tokenizer.json)",
        )
    room: int = limits.max_length - tokenizer.num_special_tokens_to_add(pair=True)
    if room < LEAST_ROOM:
        raise UsageError(
            f"--max-length {limits.max_length} leaves {room} tokens for {texts}",
            hint="128 holds most pairs; XTREME uses --max-length 384 for contexts",
        )
    return room


def truncate(texts: Sequence[str], tokenizer: PreTrainedTokenizerBase, longest: int) -> list[str]:
    """Return the texts, what each has beyond ``longest`` tokens cut off."""
    encodings = tokenizer(list(texts), add_special_tokens=False, return_attention_mask=False, verbose=False).encodings
    return [
        text if len(encoding) <= longest else text[: encoding.offsets[longest - 1][1]]
        for text, encoding in zip(texts, encodings, strict=True)
    ]
