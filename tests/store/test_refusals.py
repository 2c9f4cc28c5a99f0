"""What the store refuses, word for word: the message says what was found, the hint what would work."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import pytest

from adaptx.errors import AdaptxError, Missing, StoreCorrupt, UnknownName, UsageError
from adaptx.store import Store, StoredStep

Commit = Callable[..., StoredStep]


def refusal(kind: type[AdaptxError], call: Callable[[], object]) -> tuple[str, str | None]:
    with pytest.raises(kind) as caught:
        call()
    return str(caught.value), caught.value.hint


def test_refusals_say_what_was_found_and_what_would_work(store: Store, commit: Commit, step_id: str) -> None:
    record = commit()
    assert refusal(UsageError, lambda: store.find("xyz")) == (
        "'xyz' is not an id",
        "an id is 6 to 64 hex digits; adaptx ls results",
    )
    near = step_id[:11] + "0" + ("f" if step_id[11] == "0" else "")
    assert refusal(UnknownName, lambda: store.find(near)) == (
        f"unknown result {near!r}",
        f"did you mean {step_id[:12]}?",
    )
    assert refusal(UsageError, lambda: store.get("abc")) == (
        "'abc' is not the id of a step",
        "64 hex digits; a shorter one is completed by `find`",
    )
    assert refusal(UsageError, lambda: store.work("Train", step_id)) == (
        "'Train' cannot be a kind",
        "a lower-case word, such as train",
    )
    assert refusal(UsageError, lambda: store.set_lock("model", "owner/name", "main")) == (
        "'main' is not a commit of owner/name",
        "40 hex digits",
    )
    missing = (f"no result {'0' * 12} in {store.root}", "adaptx ls results")
    for ask in (store.check, store.intact, store.evict, store.remove):
        assert refusal(Missing, lambda ask=ask: ask("0" * 64)) == missing
    (record.path / "scores.json").unlink()
    assert refusal(StoreCorrupt, lambda: store.intact(step_id)) == (
        f"{record.path / 'scores.json'}: missing",
        f"adaptx prune {step_id[:12]}, and the same command makes it again",
    )
    path = record.path / "manifest.json"
    path.write_text("{")
    _, hint = refusal(StoreCorrupt, lambda: store.get(step_id))
    assert hint == f"adaptx prune {step_id[:12]}, and the same command makes it again"


def test_an_ambiguous_id_names_the_first_five(store: Store, commit: Commit, step_id: str) -> None:
    record = commit()
    twins = [f"{step_id[:20]}{number}{step_id[21:]}" for number in range(6) if str(number) != step_id[20]]
    for twin in twins:
        shutil.copytree(record.path, record.path.parent / twin)
    ids = sorted([step_id, *twins])
    message, hint = refusal(UsageError, lambda: store.find(step_id[:8]))
    assert message == f"{step_id[:8]!r} begins {len(ids)} ids"
    assert hint == f"one of {', '.join([ids[0][:16]] * 5)}"


def test_an_intact_step_is_returned(store: Store, commit: Commit, step_id: str) -> None:
    assert store.intact(step_id if commit() else "") == store.get(step_id)
