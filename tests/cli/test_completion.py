"""Completion in bash, zsh and fish: names of tasks, attacks, methods, searches, languages and backbones, at once."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete, get_completion_class

from adaptx.cli.main import COMMANDS, cli

SHELLS = ("bash", "zsh", "fish")
ADAPTX = Path(sys.executable).with_name("adaptx")
IN_BASH = """
PATH={folder}:$PATH
{script}
COMP_WORDS=(adaptx stack paw)
COMP_CWORD=2
_adaptx_completion adaptx
echo "${{COMPREPLY[@]}}"
"""


def complete(*words: str) -> list[str]:
    """Return what continues the last of the words."""
    found = ShellComplete(cli, {}, "adaptx", "_ADAPTX_COMPLETE").get_completions(list(words[:-1]), words[-1])
    return [item.value for item in found]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("co",), {"compare"}),
        (("stack", "paw"), {"pawsx"}),
        (("stack", "mnli+squad2"), {"mnli+squad2"}),
        (("stack", "squad", "pawsx", "--on", "xqu"), {"xquad"}),
        (("train", "--adapter", "paw"), {"pawsx"}),
        (("train", "--adapter", "pawsx", "--above", "hella"), {"hellaswag"}),
        (("compare", "squad", "paw"), {"pawsx"}),
        (("fetch", "tydi"), {"tydiqa"}),
        (("show", "tydi"), {"tydiqa"}),
        (("stack", "pawsx", "--attack", "char"), {"charswap"}),
        (("stack", "pawsx", "--method", ""), {"lora", "bottleneck", "full"}),
        (("stack", "pawsx", "--search", ""), {"random", "greedy"}),
        (("stack", "pawsx", "--backbone", "na"), {"nano"}),
        (("fetch", "pawsx", "--backbone", "xlm-roberta-l"), {"xlm-roberta-large"}),
        (("stack", "pawsx", "--precision", ""), {"bf16", "fp32"}),
        (("stack", "pawsx", "--max-e"), {"--max-eval"}),
        (("run", "quick.toml", "--dev"), {"--device"}),
        (("ls", "ad"), {"adapters"}),
    ],
    ids=lambda value: " ".join(sorted(value) if isinstance(value, set) else value),
)
def test_a_word_is_continued_by_what_it_can_mean(words: tuple[str, ...], found: set[str]) -> None:
    assert set(complete(*words)) == found


def test_languages_are_those_of_the_task_that_is_evaluated() -> None:
    assert complete("stack", "squad", "pawsx", "--languages", "") == ["de", "en", "es", "fr", "ja", "ko", "zh"]
    assert complete("stack", "squad", "pawsx", "--languages", "en,k") == ["en,ko"]
    assert complete("train", "--adapter", "xquad", "--languages", "ro") == ["ro"]
    assert "sw" in complete("fetch", "--languages", "s")
    assert complete("stack", "no-such-task", "--languages", "d") == []


def test_an_unknown_command_is_completed_with_nothing_and_no_error() -> None:
    assert complete("stak", "paw") == []


def test_commands_come_with_their_help() -> None:
    items = ShellComplete(cli, {}, "adaptx", "_ADAPTX_COMPLETE").get_completions([], "")
    assert {item.value: item.help for item in items} == COMMANDS


def run(**settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([ADAPTX], env=os.environ | settings, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("shell", SHELLS)
def test_every_shell_gets_its_script(shell: str) -> None:
    assert get_completion_class(shell) is not None
    script = run(_ADAPTX_COMPLETE=f"{shell}_source").stdout
    assert f"_ADAPTX_COMPLETE={shell}_complete" in script
    assert "adaptx" in script


@pytest.mark.parametrize(("shell", "at"), [("bash", "2"), ("zsh", "2"), ("fish", "paw")])
def test_every_shell_is_answered_as_it_asks(shell: str, at: str) -> None:
    answered = run(_ADAPTX_COMPLETE=f"{shell}_complete", COMP_WORDS="adaptx stack paw", COMP_CWORD=at)
    words = [word for word in re.split(r"[\s,]+", answered.stdout) if word not in ("", "plain", "_")]
    assert words == ["pawsx"], answered
    assert answered.stderr == ""


def test_bash_completes_with_the_script_sourced() -> None:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("no bash here")
    script = run(_ADAPTX_COMPLETE="bash_source").stdout
    asked = IN_BASH.format(folder=ADAPTX.parent, script=script)
    done = subprocess.run([bash, "-c", asked], capture_output=True, text=True, check=False)
    assert done.stdout == "pawsx\n", done


def test_completion_imports_nothing_heavy_and_no_command_that_is_not_asked_for() -> None:
    probe = (
        "import sys, os\nfrom adaptx.cli.main import main\n"
        "try:\n    main([])\nfinally:\n"
        "    heavy = ('torch', 'transformers', 'numpy', 'pandas', 'rich', 'adaptx.cli.train')\n"
        "    print([name for name in heavy if name in sys.modules], file=sys.stderr)\n"
    )
    line = {"COMP_WORDS": "adaptx stack pawsx --languages d", "COMP_CWORD": "4", "_ADAPTX_COMPLETE": "bash_complete"}
    done = subprocess.run(
        [sys.executable, "-c", probe], env=os.environ | line, capture_output=True, text=True, check=False
    )
    assert done.stdout.splitlines() == ["plain,de"]
    assert done.stderr.splitlines()[-1] == "[]"
