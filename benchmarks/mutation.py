"""What the tests notice: mutants of the code that decides ids, numbers, edits and plans, and how many of them die.

    python benchmarks/mutation.py [--sample N] [--seed S] [--floor SHARE] [--children N]

mutmut makes the mutants (which modules, and which tests are run on them: ``[tool.mutmut]`` in pyproject.toml) in the
folder ``mutants``, and runs on each the tests that reach its function. With ``--sample`` so many are drawn by the seed
from the sorted list of all. A mutant that ends the tests' process or their time counts as noticed, one that no test
reaches as survived; one that changes nothing, such as another ``strict=`` where lengths agree, is not told apart and
counts as survived. Writes ``results/mutation.md``; exit code 1 below the floor. What survived, change by change:
``mutmut results`` and ``mutmut show NAME``.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from random import Random

from mutmut.stats import status_by_exit_code
from record import RESULTS

MUTANTS = Path("mutants")
SURVIVED = ("survived", "no tests")
UNKNOWN = ("not checked", "skipped")
FIRST = "adaptx.spec.*"  # a small module: making the mutants needs the name of one

Verdicts = dict[str, str]  # mutant -> what became of it


def main() -> int:
    """Make the mutants, run them, write the table; return the exit code."""
    asked = _arguments()
    if not MUTANTS.is_dir():
        _mutmut(asked.children, [FIRST])
    names = sorted(_verdicts())
    chosen = sorted(Random(asked.seed).sample(names, asked.sample)) if asked.sample else names
    todo = [name for name, verdict in _verdicts().items() if verdict == "not checked" and name in set(chosen)]
    if todo:
        _mutmut(asked.children, todo if asked.sample else [])
    found = {name: verdict for name, verdict in _verdicts().items() if name in set(chosen)}
    share = score(found.values())
    RESULTS.mkdir(exist_ok=True)
    told = _report(found, Counter(map(_module, names)), asked)
    (RESULTS / "mutation.md").write_text(told, encoding="utf-8")
    print(f"{share:.1%} of {len(found)} of {len(names)} mutants were noticed")
    return int(share < asked.floor)


def score(verdicts: Iterable[str]) -> float:
    """Return the share of the mutants that were run which the tests noticed."""
    counted = [verdict for verdict in verdicts if verdict not in UNKNOWN]
    return sum(verdict not in SURVIVED for verdict in counted) / max(1, len(counted))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sample", type=int, default=0, help="mutants to draw; 0: all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--floor", type=float, default=0.85)
    parser.add_argument("--children", type=int, default=1, help="processes")
    return parser.parse_args()


def _mutmut(children: int, names: list[str]) -> None:
    subprocess.run([sys.executable, "-m", "mutmut", "run", "--max-children", str(children), *names], check=True)


def _verdicts() -> Verdicts:
    """Return what became of every mutant, as mutmut has noted it beside each mutated file."""
    notes = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(MUTANTS.rglob("*.meta"))]
    codes = {name: code for note in notes for name, code in note["exit_code_by_key"].items()}
    return {name: status_by_exit_code[code] for name, code in codes.items()}


def _module(mutant: str) -> str:
    """Return the module of ``adaptx.store.lease.x_hold__mutmut_3``."""
    return mutant.removeprefix("adaptx.").rpartition(".")[0]


def _report(found: Verdicts, made: Mapping[str, int], asked: argparse.Namespace) -> str:
    by_module: dict[str, list[str]] = {}
    for name, verdict in found.items():
        by_module.setdefault(_module(name), []).append(verdict)
    rows = [_row(module, by_module.get(module, []), count) for module, count in sorted(made.items())]
    options = f" --sample {asked.sample} --seed {asked.seed}" if asked.sample else ""
    tools = f"mutmut {version('mutmut')}, Python {sys.version.split()[0]}, {datetime.now(UTC).date().isoformat()}"
    count = f"{len(found)} of {sum(made.values())} mutants were run; the script says how they are made and counted."
    lines = [
        "# What the tests notice",
        "",
        f"`python benchmarks/mutation.py{options}`, {tools}. {count}",
        "",
        "| module | mutants | run | killed | timeout | survived | no test | noticed |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
        *rows,
        _row("**all**", list(found.values()), sum(made.values())),
    ]
    return "\n".join(lines) + "\n"


def _row(module: str, verdicts: list[str], made: int) -> str:
    counts = Counter(verdicts)
    run = sum(count for verdict, count in counts.items() if verdict not in UNKNOWN)
    ended = run - sum(counts[verdict] for verdict in ("killed", *SURVIVED))
    cells = [made, run, counts["killed"], ended, counts["survived"], counts["no tests"]]
    return f"| {module} | {' | '.join(map(str, cells))} | {f'{score(verdicts):.1%}' if run else ''} |"


if __name__ == "__main__":
    sys.exit(main())
