"""adaptx: intermediate and target tasks as stackable adapters against STILTs, across languages and under attack."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from adaptx.api import (
        compare,
        doctor,
        export,
        fetch,
        load_stack,
        ls,
        open_store,
        plan,
        prune,
        report,
        run,
        score_submission,
        show,
        stack,
        train,
        verify,
        why,
    )
    from adaptx.scoring import score

__version__ = "0.1.0"

__all__ = [
    "__version__",
    "compare",
    "doctor",
    "export",
    "fetch",
    "load_stack",
    "ls",
    "open_store",
    "plan",
    "prune",
    "report",
    "run",
    "score",
    "score_submission",
    "show",
    "stack",
    "train",
    "verify",
    "why",
]


def __getattr__(name: str) -> Any:
    """Import a function when it is first asked for: the package itself must import nothing of its own."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module("adaptx.scoring" if name == "score" else "adaptx.api"), name)
