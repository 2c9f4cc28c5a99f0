"""A process that has imported everything and forks one command at a time, so that a kill costs no start.

Reads one JSON question a line and answers each with one number: ``{"start": [ARGUMENT...], "place": FOLDER}`` with the
child's process id (its stdout and stderr are files in ``place``), ``{"ended": PID}`` with 1 or 0, ``{"wait": PID}``
with the exit code.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from adaptx.cli.main import main
from adaptx.cli.output import quiet_stdout


def warm_up() -> None:
    with quiet_stdout():  # DeepSpeed prints
        import deepspeed  # noqa: F401
        import peft  # noqa: F401
        import torch

        import adaptx.execution.local  # noqa: F401
    torch.set_num_threads(1)


def start(args: list[str], place: Path) -> int:
    pid = os.fork()
    if pid:
        return pid
    os.setsid()
    for number, name in ((0, os.devnull), (1, str(place / "out")), (2, str(place / "err"))):
        os.dup2(os.open(name, os.O_RDWR | os.O_CREAT), number)
    code = 70
    try:
        code = main(args)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def ended(pid: int) -> bool:
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def answer(question: dict[str, Any]) -> int:
    if "start" in question:
        (place := Path(question["place"])).joinpath("err").touch()
        return start(question["start"], place)
    if "ended" in question:
        return int(ended(question["ended"]))
    return os.waitstatus_to_exitcode(os.waitpid(question["wait"], 0)[1])


if __name__ == "__main__":
    warm_up()
    for line in sys.stdin:
        print(answer(json.loads(line)), flush=True)  # noqa: T201 - the answer
