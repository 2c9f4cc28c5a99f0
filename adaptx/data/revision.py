"""What is hashed is what is read: revisions of the bytes that a reader saw, held against those of the plan.

Owns `require_revision`, the one comparison. Hours may lie between a plan and the reading of a file, and editing a file
in that time is ordinary; a result of the new bytes under the id of the old ones would be wrong for ever.
"""

from __future__ import annotations

from collections.abc import Iterable

from adaptx.errors import DataFault

__all__ = ["require_revision"]

SHOWN = 3  # files named in the message


def require_revision(planned: str, read: str, what: str, files: Iterable[str] = ()) -> None:
    """Raise `DataFault` unless what was read has the revision that a step's id was made of.

    ``what`` names it (the rows of pawsx in en), ``files`` are those that were read.
    """
    if planned == read:
        return
    names = sorted(files)
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    where = f" ({', '.join(names[:SHOWN])}{more})" if names else ""
    raise DataFault(
        f"{what}{where} changed since the plan: planned {_short(planned)}, read {_short(read)}",
        hint="run the command again: it plans with the files as they are now; the old files back give the old result",
    )


def _short(revision: str) -> str:
    kind, _, value = revision.partition(":")
    return f"{kind}:{value[:12]}" if value else revision or "nothing"
