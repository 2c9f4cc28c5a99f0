"""Lines of user text as examples, for masked language modelling.

Owns reading; blank lines are left out, and a line that is not UTF-8 is fatal and named, as in every other file.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from adaptx.data.files import lines_of, read_bytes
from adaptx.data.rows import Loaded, subsample
from adaptx.errors import DataFault
from adaptx.spec import digest
from adaptx.tasks.example import Example
from adaptx.tasks.mlm import text_file

__all__ = ["load_text"]


def load_text(folder: Path, languages: str, limit: int | None) -> Loaded:
    """Return the lines of ``de,sw``, at most ``limit`` of each language: those of lowest hash; raise `DataFault`."""
    paths = {tag: text_file(folder, tag) for tag in languages.split(",")}
    contents = {tag: read_bytes(path) for tag, path in paths.items()}
    found = [list(subsample(list(_examples(paths[tag], contents[tag], tag)), limit)) for tag in paths]
    examples = tuple(example for part in found for example in part)
    if not examples:
        raise DataFault(f"the text of {languages} in {folder} is empty")
    revision = f"files:{digest([sha256(content).hexdigest() for content in contents.values()])}"
    return Loaded(examples, (), len(examples), revision, files=tuple(map(str, paths.values())))


def _examples(path: Path, content: bytes, language: str) -> Iterator[Example]:
    for number, line in enumerate(lines_of(path, content)):
        name = f"{language}:{number}"
        if line.strip():
            texts = {"text": line.strip()}
            yield Example(
                id=name, parallel=name, group=name, language=language, texts=texts, languages={"text": language}
            )
