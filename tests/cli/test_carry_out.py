"""What a working command says before it starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from adaptx.cli.main import main
from adaptx.errors import UsageError
from adaptx.execution import command


@pytest.mark.parametrize(("seconds", "announced"), [(9000.0, True), (60.0, False)])
def test_hours_of_work_are_announced_before_they_begin_with_what_is_faster(
    seconds: float, announced: bool, monkeypatch, capsys, tmp_path: Path
) -> None:
    def stop(*_: object) -> None:
        raise UsageError("stopped here")

    monkeypatch.setattr(command, "cost", lambda *_, **__: {"seconds": seconds})
    monkeypatch.setattr(command, "make", stop)
    args = ["train", "--adapter", "squad", "--source", "mini", "--backbone", "nano", "--store", str(tmp_path / "runs")]
    assert main(args) == 2
    told = capsys.readouterr().err
    assert "stopped here" in told
    assert ("this takes about 2.5 hours here; faster: --max-train N" in told) == announced
