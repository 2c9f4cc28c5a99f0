"""Lines of user text as examples, for masked language modelling.

Owns reading; blank lines are left out, and a line that is not UTF-8 is fatal and named, as in every other file.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from adaptx.data.files import read_lines
from adaptx.data.rows import Loaded, lowest
from adaptx.errors import DataFault
from adaptx.tasks.example import Example
from adaptx.tasks.mlm import text_file

__all__ = ["load_text"]


def load_text(folder: Path, languages: str, limit: int | None) -> Loaded:
    """Return the lines of ``de,sw``, at most ``limit`` of each language: those of lowest hash; raise `DataFault`."""
    found = [list(lowest(list(_examples(folder, tag)), limit)) for tag in languages.split(",")]
    examples = tuple(example for part in found for example in part)
    if not examples:
        raise DataFault(f"the text of {languages} in {folder} is empty")
    return Loaded(examples, (), len(examples), "")


def _examples(folder: Path, language: str) -> Iterator[Example]:
    for number, line in enumerate(read_lines(text_file(folder, language))):
        name = f"{language}:{number}"
        if line.strip():
            texts = {"text": line.strip()}
            yield Example(
                id=name, parallel=name, group=name, language=language, texts=texts, languages={"text": language}
            )
