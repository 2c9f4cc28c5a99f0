"""Attacks of strangers run in a process of their own; a session drives them as if they were here.

Owns both ends: `opened` gives the engine what begins a session's questions, `serve` is what the child runs. In the
child every example has a `Session` with the same guards as here, so most faults are told by it; what they do not hold
(a process that ends, an alarm that is reset, a loop in C) ends the child, its row is an error, and the other rows are
asked again from their beginning: the same seed and replies lead to the same questions, or the row is an error too.
"""

from __future__ import annotations

import json
import math
import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, fields
from itertools import count
from typing import TYPE_CHECKING, Any

from adaptx import registry
from adaptx.errors import Interrupted, PluginError
from adaptx.escaping import told
from adaptx.robustness.attack import Attack, requested
from adaptx.robustness.deadline import Patience
from adaptx.robustness.edits import Edit
from adaptx.robustness.process import Gone, Process
from adaptx.robustness.questions import Role, starts
from adaptx.robustness.replies import Reply, ScoredReply
from adaptx.robustness.session import AttackTarget, Elsewhere, Session, Start
from adaptx.tasks.example import Answer, Example

if TYPE_CHECKING:
    from collections.abc import Callable

    from adaptx.robustness.attack import AttackRequest
    from adaptx.robustness.graphemes import Alphabet

__all__ = ["opened", "serve"]

Message = dict[str, Any]


@contextmanager
def opened(
    request: AttackRequest, task: str, language: str, alphabets: Mapping[str, Alphabet], seconds: float
) -> Iterator[tuple[Callable[[Role, AttackTarget], Start], Patience]]:
    """Give what begins the questions of a cell's examples, here or in a worker, and the patience that sessions have."""
    here = starts(request, task, language, alphabets)
    if not request.is_apart:
        yield here, Patience(seconds=seconds)
        return
    letters = {tag: {script: list(all_) for script, all_ in scripts.items()} for tag, scripts in alphabets.items()}
    worker = _Worker(request, {"task": task, "language": language, "alphabets": letters}, seconds)
    built_in = request.driver is None  # behind door 2 the baseline is adaptx's own

    def start(role: Role, victim: AttackTarget) -> Start:
        if role == "baseline" and built_in:
            return here(role, victim)
        return lambda _given, _budget: _Questions(worker, role, victim)

    try:
        yield start, Patience(seconds=math.inf)  # the child and the process have their own clocks
    finally:
        worker.close()


class _Worker:
    """The process of one cell; begun when it is first asked, and again after it was ended."""

    def __init__(self, request: AttackRequest, place: Message, seconds: float) -> None:
        self._name, self._seconds = request.attack.name, seconds
        self._setup = {
            **place,
            "given": dict(request.parameters),
            "search": request.search,
            "budget": request.budget,
            "seed": request.seed,
            "seconds": seconds,
        }
        self._process: Process | None = None
        self._generation = 0
        self.numbers = count()

    def ask(self, message: Message) -> Message:
        """Return the child's answer; raise `Elsewhere` where it ended or had to be ended."""
        with self._mourning():
            answer = self._begun().ask(message, self._seconds)
        if not isinstance(answer, dict):
            raise Elsewhere("the worker answered something else")
        return answer

    def begin(self) -> int:
        """Begin the process if there is none; return which one since the first it is."""
        with self._mourning():
            self._begun()
        return self._generation

    def _begun(self) -> Process:
        if self._process is None:
            process = Process(self._name)
            hello = process.hear(registry.SECONDS)
            self._process = process
            if "error" in hello:
                raise Elsewhere(hello["error"], lapse=True)
            process.ask(self._setup, self._seconds)
            self._generation += 1
        return self._process

    @contextmanager
    def _mourning(self) -> Iterator[None]:
        try:
            yield
        except Gone as gone:
            self._process = None
            raise Elsewhere(str(gone), lapse=True) from None

    def close(self) -> None:
        """End the process, if there is one."""
        if self._process is not None:
            self._process.close()
            self._process = None


class _Questions:
    """The questions of one session in the worker: a `Questioner` that remembers what it was told."""

    def __init__(self, worker: _Worker, role: Role, victim: AttackTarget) -> None:
        self._worker, self._number = worker, next(worker.numbers)
        self._opening = {"do": "open", "at": self._number, "role": role, "victim": _spelled(victim)}
        self._told: list[tuple[Message, Message]] = []
        self._generation = 0

    def __next__(self) -> list[tuple[Edit, ...]]:
        return self._ask(self._opening)

    def send(self, replies: list[Any], /) -> list[tuple[Edit, ...]]:
        """Return the next questions after the replies to those before."""
        return self._ask({"do": "answer", "at": self._number, "replies": [asdict(reply) for reply in replies]})

    def close(self) -> None:
        """Have the child forget it."""
        if self._told and self._generation == self._worker.begin():
            _candidates({"asked": [[]], **self._worker.ask({"do": "close", "at": self._number})})

    def _ask(self, message: Message) -> list[tuple[Edit, ...]]:
        self._catch_up()
        answer = self._worker.ask(message)
        self._told.append((message, answer))
        return _candidates(answer)

    def _catch_up(self) -> None:
        """Tell a worker that was begun anew what the one before was told."""
        generation = self._worker.begin()
        if self._generation != generation:
            self._generation = generation
            for message, answer in self._told:
                if self._worker.ask(message) != answer:
                    raise Elsewhere("refused: the same seed and replies did not lead to the same questions again")


def _candidates(answer: Message) -> list[tuple[Edit, ...]]:
    if answer.get("error") is not None:
        raise Elsewhere(str(answer["error"]), lapse=bool(answer.get("lapse")))
    if not answer.get("asked"):
        raise StopIteration
    try:
        return [tuple(Edit(*edit) for edit in candidate) for candidate in answer["asked"]]
    except TypeError:
        raise Elsewhere("the worker answered something else") from None


def serve(name: str, requests: int, answers: int) -> None:
    """Run the attack called ``name`` for the parent process: read questions, write answers, a line of JSON each."""
    _watch_parent(os.getppid())
    attack, hello = _imported(name)
    _say(answers, hello)
    with os.fdopen(requests, "rb") as lines:
        setup = json.loads(next(lines, b"null"))
        if attack is None or setup is None:
            return
        _say(answers, {})
        cell = _Cell(attack, setup)
        for line in lines:
            _say(answers, cell.answer(json.loads(line)))


def _imported(name: str) -> tuple[Attack | None, Message]:
    try:
        found = registry.imported(registry.ATTACKS, name)
    except BaseException as error:  # noqa: BLE001 - a stranger's module may raise anything at all
        return None, {"error": error.args[0] if isinstance(error, PluginError) else told(error)}
    if not isinstance(found, Attack):
        return None, {"error": f"{name!r} is registered as an attack but is a {type(found).__name__}"}
    return found, found.described()


def _say(descriptor: int, answer: Message) -> None:
    data = json.dumps(answer).encode("ascii") + b"\n"
    while data:
        data = data[os.write(descriptor, data) :]


def _watch_parent(parent: int) -> None:
    """End with the parent, also where a plugin computes without end."""

    def look() -> None:
        while os.getppid() == parent:
            time.sleep(1.0)
        os._exit(1)

    threading.Thread(target=look, name="parent", daemon=True).start()


class _Cell:
    """The child's sessions, by number."""

    def __init__(self, attack: Attack, setup: Message) -> None:
        search = setup["search"] if attack.needs is None else "random"
        self._request = requested(attack, setup["given"], search=search, budget=setup["budget"], seed=setup["seed"])
        alphabets = {
            language: {script: tuple(letters) for script, letters in scripts.items()}
            for language, scripts in setup["alphabets"].items()
        }
        self._starts = starts(self._request, setup["task"], setup["language"], alphabets)
        self._patience = Patience(seconds=setup["seconds"], most=None)
        self._sessions: dict[int, Session] = {}

    def answer(self, message: Message) -> Message:
        """Take one step of one session and return what it asks next, or its error."""
        number = message["at"]
        try:
            session = self._step(number, message)
        except (Interrupted, KeyboardInterrupt) as error:  # nobody interrupts a child: the plugin raised it
            return {"error": told(error)}
        if session is None or session.error is not None or not session.asked:
            self._sessions.pop(number, None)
        if session is None:
            return {}
        asked = [[(edit.field, edit.start, edit.end, edit.new) for edit in candidate] for candidate in session.asked]
        return {"asked": asked, "error": session.error, "lapse": session.has_lapsed}

    def _step(self, number: int, message: Message) -> Session | None:
        if message["do"] == "open":
            victim = _victim(message["victim"])
            start = self._starts(message["role"], victim)
            self._sessions[number] = Session(start, victim, self._request.budget, self._patience)
        elif message["do"] == "answer":
            self._sessions[number].answer([_reply(told) for told in message["replies"]])
        else:
            return self._close(number)
        return self._sessions[number]

    def _close(self, number: int) -> Session | None:
        session = self._sessions.get(number)
        if session is not None:
            session.close()
        return session


def _spelled(victim: AttackTarget) -> Message:
    """Return a victim as JSON values, which `_victim` reads back."""
    example = {field.name: getattr(victim.example, field.name) for field in fields(victim.example)}
    example["answers"] = [asdict(answer) for answer in victim.example.answers]
    example |= {name: dict(example[name]) for name in ("texts", "languages")}
    return {
        "example": example,
        "fields": victim.fields,
        "protected": dict(victim.protected),
        "snapped": victim.snapped,
    }


def _victim(value: Message) -> AttackTarget:
    example = value["example"]
    example["answers"] = tuple(Answer(**answer) for answer in example["answers"])
    for name in ("tags", "gold", "repaired"):
        example[name] = tuple(example[name])
    spans = {field: tuple(map(tuple, pairs)) for field, pairs in value["protected"].items()}
    return AttackTarget(
        example=Example(**example), fields=tuple(value["fields"]), protected=spans, snapped=value["snapped"]
    )


def _reply(value: Message) -> Reply:
    answer = tuple(value["answer"]) if isinstance(value["answer"], list) else value["answer"]
    if "score" in value:
        return ScoredReply(value["reached"], answer, value["score"])
    return Reply(value["reached"], answer)
