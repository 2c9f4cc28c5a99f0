"""kill -9 while a step is made: what is left is nothing or a complete result, and the next process comes through."""

from __future__ import annotations

import random
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from adaptx.store import Store, StoredStep

Commit = Callable[..., StoredStep]
Rival = Callable[[str], "subprocess.Popen[str]"]

# Run the whole making of a step, counting lines of the store's own code, and die before the one that was asked for.
# A kill between the creation of the lease file and its first write leaves an empty one: it dies by its heartbeat alone.
DIE_AT_LINE = """
import adaptx.store
store = Store(store.root, stale=1.0)
home, count = str(Path(adaptx.store.__file__).parent), 0

def trace(frame, event, argument):
    global count
    if not frame.f_code.co_filename.startswith(home):
        return None
    if event == "line":
        count += 1
        if count == TARGET:
            os.kill(os.getpid(), signal.SIGKILL)
    return trace

sys.settrace(trace)
with store.lease(step) as lease:
    commit("result")
sys.settrace(None)
print(count, flush=True)
"""


def lines_of_a_commit(rival: Rival) -> int:
    process = rival(DIE_AT_LINE.replace("TARGET", "0"))
    assert process.stdout is not None
    return int(process.stdout.readline())


@pytest.mark.slow
def test_a_kill_at_any_line_leaves_nothing_or_a_complete_result(store: Store, step_id: str, rival: Rival) -> None:
    lines_of_a_commit(rival)  # the first one makes the store itself, which takes more lines
    store.remove(step_id)
    total = lines_of_a_commit(rival)
    whole = store.get(step_id)
    assert whole is not None
    seed = random.randrange(2**32)
    print(f"seed {seed}, {total} lines")  # noqa: T201 - shown when it fails
    for target in random.Random(seed).sample(range(1, total + 1), 12):
        store.remove(step_id)
        process = rival(DIE_AT_LINE.replace("TARGET", str(target)))
        assert process.wait(60) == -signal.SIGKILL
        assert store.get(step_id) is None or store.check(step_id) == [], f"killed at line {target}"
        again = rival(DIE_AT_LINE.replace("TARGET", "0"))
        assert again.wait(60) == 0, f"killed at line {target}"
        record = store.get(step_id)
        assert record is not None
        assert record.manifest["files"] == whole.manifest["files"]
        assert store.check(step_id) == []


@pytest.mark.parametrize(
    ("moment", "committed"),
    [
        ("Path.rename = lambda *_: os.kill(os.getpid(), signal.SIGKILL)", False),
        ("adaptx.store.store.shutil.rmtree = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)", True),
    ],
    ids=["between manifest and rename", "just after the rename"],
)
def test_a_kill_around_the_rename(store: Store, step_id: str, rival: Rival, moment: str, *, committed: bool) -> None:
    source = f"""
import adaptx.store.store
staged = store.work("eval", step) / "staged"
staged.mkdir()
(staged / "scores.json").write_text("result")
with store.lease(step):
    {moment}
    store.commit(spec, staged, parents={{}}, how={{}}, seconds=1.0, facts={{}})
"""
    assert rival(source).wait(60) == -signal.SIGKILL
    assert (store.get(step_id) is not None) == committed
    assert (store.root / "work" / step_id).exists()
    with store.lease(step_id) as held:
        assert held.already == committed
        assert held.taken_over != committed
    store.prune()
    assert not (store.root / "work" / step_id).exists()


def test_a_kill_while_weights_are_evicted_leaves_a_step_that_is_made_again(
    store: Store, commit: Commit, step_id: str, rival: Rival
) -> None:
    commit()
    source = "Path.unlink = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)\nstore.evict(step)"
    assert rival(source).wait(60) == -signal.SIGKILL
    assert store.check(step_id) == []
    with store.lease(step_id) as held:
        assert not held.already
        assert not commit().evicted
    assert store.check(step_id) == []


def test_a_kill_while_an_evicted_step_is_replaced_leaves_nothing_or_all(
    store: Store, commit: Commit, step_id: str, rival: Rival
) -> None:
    commit()
    store.evict(step_id)
    source = """
import adaptx.store.store
adaptx.store.store.shutil.rmtree = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
staged = store.work("eval", step) / "staged"
staged.mkdir()
store.commit(spec, staged, parents={}, how={}, seconds=1.0, facts={})
"""
    assert rival(source).wait(60) == -signal.SIGKILL
    assert store.get(step_id) is None
    aside = [path for path in (store.root / "work").iterdir() if "aside" in path.name]
    assert aside
    assert not commit().evicted
    assert set(store.prune().removed) >= set(aside)
    assert store.check(step_id) == []


def test_a_killed_process_keeps_its_work_for_the_next(store: Store, step_id: str, rival: Rival) -> None:
    source = """
with store.lease(step):
    (store.work("eval", step) / "checkpoint").write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    assert rival(source).wait(60) == -signal.SIGKILL
    with store.lease(step_id) as held:
        assert held.taken_over
        resumed: Path = store.work("eval", step_id) / "checkpoint"
        assert resumed.read_text() == "half"
