"""The front door: one group, its commands, and the only place where errors become messages and exit codes.

May not import torch or anything that does: commands reach heavy work through `adaptx.execution.local`, imported inside
them. Exit codes: 0 done, 1 failed, 2 usage, 3 something is missing, 130 interrupted and resumable.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

import click

from adaptx import __version__
from adaptx.cli.output import tell
from adaptx.cli.refusals import system_fault
from adaptx.errors import AdaptxError, Exit
from adaptx.options import refuse_unknown_variables

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

__all__ = ["cli", "guarded", "main", "run"]

COMMANDS = {
    "train": "Train an adapter (or all weights) and store it.",
    "stack": "Train a stack of tasks where it is missing; evaluate in all languages, clean and attacked.",
    "compare": "Compare training with and without an intermediate task, for each method, on the same rows and seeds.",
    "run": "Run a recipe: a grid of comparisons, with tables and a report with figures.",
    "report": "Report what a recipe produced: HTML with figures, Markdown, LaTeX or CSV.",
    "ls": "List tasks, attacks, adapters, backbones or results.",
    "show": "Show a task's page or a stored step.",
    "why": "Explain why a stored step was not reused: the fields that differ.",
    "verify": "Check every file and recompute every score from stored predictions.",
    "fetch": "Download what a run needs from the hub, for machines without network.",
    "export": "Export results: an XTREME submission, or an adapter for peft or AdapterHub.",
    "score": "Score a folder of predictions in the layout of an XTREME submission.",
    "prune": "Remove unfinished work, and stored steps by id.",
    "doctor": "Check the installation, the plugins and the store.",
}

EXAMINER = "doctor"  # runs whatever the settings are, and says what is wrong with them


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called: ``--help`` reads the table above."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"adaptx.cli.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        from adaptx.errors import UnknownName

        if args and args[0] not in COMMANDS and not args[0].startswith("-") and not ctx.resilient_parsing:
            raise UnknownName("command", args[0], COMMANDS)
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete commands from the table, so that none is imported, and the options of the group."""
        from click.shell_completion import CompletionItem

        named = [CompletionItem(name, help=text) for name, text in COMMANDS.items() if name.startswith(incomplete)]
        return [*named, *click.Command.shell_complete(self, ctx, incomplete)]

    def get_help(self, ctx: click.Context) -> str:
        """Return the help, styled where stdout is a terminal."""
        from adaptx.cli.help import is_styled, styled_help

        if not is_styled():
            return super().get_help(ctx)
        options = [record for parameter in self.get_params(ctx) if (record := parameter.get_help_record(ctx))]
        usage = " ".join([ctx.command_path, *self.collect_usage_pieces(ctx)])
        return styled_help(usage, self.help or "", [("Commands", list(COMMANDS.items())), ("Options", options)], {})

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
)
@click.version_option(__version__, prog_name="adaptx")
@click.option("--debug", is_flag=True, expose_value=False, envvar="ADAPTX_DEBUG", help="Show tracebacks of errors.")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Intermediate-task adapters on multilingual encoders: train, stack, attack and compare them."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())
        return
    if ctx.invoked_subcommand != EXAMINER:
        refuse_unknown_variables()
    from adaptx.cli.settings import defaults_for

    ctx.default_map = defaults_for(COMMANDS)


def run() -> None:
    """Run the command line and exit with its code."""
    sys.exit(main(sys.argv[1:]))


def main(args: list[str]) -> int:
    """Run one command; return the exit code."""
    return guarded(
        lambda: cli.main(args, prog_name="adaptx", standalone_mode=False),
        debug="--debug" in args or bool(os.environ.get("ADAPTX_DEBUG")),
    )


def guarded(work: Callable[[], object], *, debug: bool = False) -> int:
    """Run ``work`` and return the exit code; what is no bug is printed on stderr in one or two lines.

    That are errors of adaptx and click, interrupts, and what the operating system refuses.
    """
    try:
        code = work()
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader of stdout went away (`| head`): nothing is left to tell it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return Exit.DONE
    except (Exception, KeyboardInterrupt) as error:
        told = _told(error)
        if told is None or (debug and not isinstance(error, click.ClickException)):
            raise
        return _tell(*told)
    return code if isinstance(code, int) else Exit.DONE


def _told(error: BaseException) -> tuple[str, str | None, Exit] | None:
    """Return what is said of an exception, with hint and exit code; None for a bug, which keeps its traceback."""
    if isinstance(error, AdaptxError):
        return str(error), error.hint, error.exit_code
    if isinstance(error, click.ClickException):
        return error.format_message(), _usage(error), Exit.USAGE
    if isinstance(error, click.exceptions.Abort) and isinstance(error.__cause__, EOFError):
        error = error.__cause__  # click takes any for an interrupt: a file ended too early
    if isinstance(error, (click.exceptions.Abort, KeyboardInterrupt)):
        return "interrupted", "the same command goes on from the last checkpoint", Exit.INTERRUPTED
    fault = system_fault(error)
    return (str(fault), fault.hint, fault.exit_code) if fault else None


def _tell(message: str, hint: str | None, code: Exit) -> int:
    tell(f"error: {message}")
    if hint:
        tell(f"hint: {hint}")
    return code


def _usage(error: click.ClickException) -> str | None:
    context = getattr(error, "ctx", None)
    return f"{context.command_path} --help" if context else None
