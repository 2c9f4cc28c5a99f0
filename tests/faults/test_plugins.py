"""Attacks of strangers that raise, hang, leave, flood or lie: an error row within its deadline, or a refusal.

Each is installed as pip would lay it out and asked for by name, so that it runs in a worker as a user's would.
``ADAPTX_FAULTS=long`` tries every one on every form and search.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from adaptx.errors import PluginError, UsageError
from adaptx.registry import ATTACKS
from adaptx.robustness import worker as workers
from adaptx.robustness.attack import attack_request
from adaptx.robustness.engine import Attacked, attack_cell
from adaptx.tasks.forms import form_named
from adaptx.testing import HashVictim, choice, pair, span, tagging, task_of

IS_LONG = os.environ.get("ADAPTX_FAULTS") == "long"
pytestmark = pytest.mark.timeout(7200 if IS_LONG else 300)
PLUGINS = Path(__file__).resolve().parents[1] / "fixtures" / "plugins"
SECONDS = 0.3  # that a step may compute here

EXAMPLES = {
    "classification": [
        pair(f"p{n}", "hi" if n == 2 else "en", f"The boats left {n} days ago", "Boats left the harbour")
        for n in range(6)
    ],
    "span": [span(f"s{n}", "en", "Who?", "In town Old Johann built it and left.", "Johann") for n in range(3)],
    "choice": [choice(f"c{n}", "en", "The lamp is red", ("yes", "no"), label=n % 2) for n in range(3)],
    "tagging": [tagging(f"t{n}", "en", ["The", "boats", "left"], [0, 1, 2]) for n in range(3)],
}

# name in hostile.py -> what its error says; None: the attack is harmless, so that its rows are no errors
HOSTILE: dict[str, str | None] = {
    "exits": "SystemExit: 0",
    "exits-with-words": "SystemExit: enough",
    "generator-exit": "GeneratorExit",
    "interrupts": "KeyboardInterrupt",
    "interrupted": "Interrupted: stop",
    "foreign": "Foreign: x",
    "stops": "StopIteration",
    "undecodable": r"ValueError: half \ud800 of a pair",
    "escapes": r"ValueError: \x1b]0;owned\x07\x1b[31mred",
    "unspeakable": "a message that raises ValueError",
    "loud": "ValueError: xxx",
    "memory": "MemoryError",
    "recursion": "RecursionError: deep",
    "leaves": "ended its process with code 0",
    "kills-itself": "ended its process with code -9",
    "stops-itself": "overrun",
    "closes-files": "ended its process",
    "closes-stdout": None,
    "prints": None,
    "loops": "overrun",
    "loops-deaf": "overrun: more than 0.3 s, and did not heed the alarm",
    "swallows": "overrun",
    "loops-at-the-end": "overrun",
    "waits": "overrun",
    "idles": "edits of one text that change nothing",
    "repeats": None,
    "floods": "10,000,000 characters",
    "floods-many": "450,0",
    "proposes-none": "proposed None, not an Edit",
    "asks-none": "yielded None",
    "asks-nothing-for-ever": None,
    "odd-edit": "tuple of Edit",
    "odd-new": "tuple of Edit",
    "surrogate": "lone surrogate",
    "forks": None,
    "grows": "overspent",
}
SAMPLE = (  # one of each kind; a case costs two processes
    *("exits", "interrupts", "foreign", "unspeakable", "escapes", "leaves", "closes-files", "loops-deaf"),
    *("idles", "repeats", "floods", "proposes-none", "odd-new"),
)


@pytest.fixture(autouse=True)
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Install every attack of ``hostile.py`` and those whose import fails."""
    site = tmp_path / "site"
    told = site / "stranger-0.1.dist-info"
    told.mkdir(parents=True)
    for module in PLUGINS.glob("*.py"):
        (site / module.name).write_bytes(module.read_bytes())
    names = [*HOSTILE, "leaves-sometimes", "wild", "good", "good-search"]
    lines = [f"{name} = hostile:{name.replace('-', '_')}" for name in names]
    lines += ["[adaptx.searches]", *(f"{name} = hostile:{name.replace('-', '_')}" for name in SEARCHES), f"[{ATTACKS}]"]
    lines += [f"{name.replace('_', '-')} = {name}:attack" for name in IMPORTS]
    told.joinpath("METADATA").write_text("Metadata-Version: 2.1\nName: stranger\nVersion: 0.1\n", encoding="utf-8")
    told.joinpath("entry_points.txt").write_text("\n".join([f"[{ATTACKS}]", *lines]) + "\n", encoding="utf-8")
    monkeypatch.syspath_prepend(site)
    monkeypatch.delitem(sys.modules, "hostile", raising=False)
    return site


SEARCHES = {"exiting": "SystemExit: 0", "looping": "overrun", "leaving": "ended its process"}
IMPORTS = {
    "exits_at_import": "SystemExit: 0",
    "leaves_at_import": "ended its process with code 0",
    "hangs_at_import": "overrun",
    "raises_at_import": "built for another world",
}


def run(name: str, form: str = "classification", search: str = "random", **how: Any) -> Attacked:
    examples = EXAMPLES[form]
    victim = HashVictim(examples)
    request = attack_request(name, search=search, budget=8)
    how = {"seconds": SECONDS, **how}
    clean = victim.predict(examples)
    return attack_cell(victim, form_named(form), task_of(form), examples, clean, request, language="en", **how)


def wrong(name: str, form: str, search: str) -> str | None:
    """Return what is wrong with the outcome of a hostile attack, or None."""
    began, expected = time.monotonic(), HOSTILE[name]
    try:
        cell = run(name, form, search)
    except BaseException as error:  # noqa: BLE001 - a hostile attack must not raise here, whatever it raises
        return f"{name} on {form} by {search}: raised {error!r:.200}"
    errors = [outcome["error"] for outcome in cell.outcomes if outcome["status"] == "error"]
    told = errors[:1] if expected else []
    if bool(errors) != bool(expected) and form == "classification":
        return f"{name} on {form} by {search}: {errors}"
    if form == "classification" and any(str(expected) not in error for error in told):
        return f"{name} on {form} by {search}: {errors}"
    if any(not error.isprintable() or len(error) > 600 for error in errors):
        return f"{name} on {form} by {search}: a message that is not plain"
    if bool(errors) != (cell.flags == ["plugin-errors"]):
        return f"{name} on {form} by {search}: flags {cell.flags}"
    took = time.monotonic() - began
    return f"{name} on {form} by {search}: took {took:.0f} s" if took > 60 else None


def cases() -> list[tuple[str, str, str]]:
    if not IS_LONG:
        return [(name, "classification", "random") for name in SAMPLE]
    return [(name, form, search) for name in HOSTILE for form in EXAMPLES for search in ("random", "greedy")]


@pytest.mark.slow
def test_no_attack_ends_hangs_or_floods_the_run() -> None:
    tried = cases()
    found = [told for case in tried if (told := wrong(*case))]
    print(f"hostile attacks: {len(tried)} cases, {len(tried) - len(found)} right, {len(found)} wrong")  # noqa: T201
    assert found == []


@pytest.mark.parametrize("name", IMPORTS)
def test_an_attack_that_cannot_be_imported_is_refused_with_its_distribution(name, monkeypatch) -> None:
    monkeypatch.setattr("adaptx.robustness.attack.SECONDS", 0.5 if name.startswith("hangs") else 30.0)
    with pytest.raises(PluginError) as refused:
        attack_request(name.replace("_", "-"))
    assert IMPORTS[name] in str(refused.value)
    assert "stranger 0.1" in str(refused.value)


@pytest.mark.parametrize(("name", "search"), [("good", "random"), ("good", "greedy"), ("good-search", "random")])
def test_a_worker_changes_no_outcome(name: str, search: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for form in EXAMPLES if name == "good" else ("classification", "span"):
        apart = run(name, form, search, seconds=10.0)
        assert "hostile" not in sys.modules
        with monkeypatch.context() as patch:
            patch.setenv("ADAPTX_PLUGINS", "inside")
            inside = run(name, form, search, seconds=10.0)
        monkeypatch.delitem(sys.modules, "hostile")
        assert apart == inside
        assert apart.flags == []
        assert any(outcome["queries"] for outcome in apart.outcomes)


@pytest.mark.parametrize("name", SEARCHES)
def test_a_strangers_search_of_a_built_in_attack_runs_apart_too(name: str) -> None:
    errors = [o["error"] for o in run("charswap", search=name).outcomes]
    told = [error for error in errors if error is not None]  # a row may be won by its first question
    assert told
    assert all(SEARCHES[name] in error or "given up" in error for error in told)


def test_parameters_and_their_limits_come_from_the_worker() -> None:
    request = attack_request("good:letter=y")
    assert request.parameters["letter"] == "y"
    assert (request.version, request.is_apart) == (1, True)
    with pytest.raises(UsageError, match="lettre"):
        attack_request("good:lettre=y")


def test_rows_beside_one_that_ends_its_process_are_as_if_it_had_not() -> None:
    cell = run("leaves-sometimes", seconds=10.0)
    assert [o["status"] == "error" for o in cell.outcomes] == [False, False, True, False, False, False]
    for mine, other in zip(cell.outcomes, run("good", seconds=10.0).outcomes, strict=True):
        if mine["status"] != "error":
            assert mine["queries"] == other["queries"] or mine["status"] == other["status"]
    again = run("leaves-sometimes", seconds=10.0, in_flight=1)
    assert again == cell, "one row at a time nothing is asked again, and yet it is the same"


def test_an_attack_that_is_not_decided_by_its_seed_is_told_when_it_is_asked_again(monkeypatch) -> None:
    whole = workers._Questions._ask

    def dying(self: Any, message: Any) -> Any:
        if message["do"] == "answer" and self._worker._process is not None and not dead:
            dead.append(self._worker._process.close())
            self._worker._process = None
        return whole(self, message)

    dead: list[None] = []
    monkeypatch.setattr(workers._Questions, "_ask", dying)
    errors = [o["error"] for o in run("wild", seconds=10.0).outcomes]
    assert any(error is not None and "did not lead to the same questions" in error for error in errors)
    dead.clear()
    assert run("good", seconds=10.0).flags == [], "one that is decided by its seed goes on"
    assert dead


def test_what_overruns_in_three_rows_is_given_no_further_one() -> None:
    errors = [o["error"] for o in run("loops").outcomes]
    assert [error.startswith("overrun") for error in errors] == [True] * 3 + [False] * 3
    assert all("given up" in error for error in errors[3:])


def test_no_worker_outlives_its_cell_or_its_parent(tmp_path: Path) -> None:
    code = (
        "import sys, time; from adaptx.robustness.process import Process; child = Process('good'); child.hear(30);"
        "print(child._child.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=environment())
    worker = int(parent.stdout.readline())
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    assert soon(lambda: not is_running(worker))


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": os.pathsep.join(map(str, sys.path))}


def is_running(pid: int) -> bool:
    try:
        return ") Z" not in Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return False


def soon(question: Callable[[], bool]) -> bool:
    until = time.monotonic() + 30
    while not question() and time.monotonic() < until:
        time.sleep(0.05)
    return question()
