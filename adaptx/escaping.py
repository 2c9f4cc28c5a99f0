"""Text of strangers as text: what a name, a message or a file's content may not do to where it is shown.

Owns one function a format: `printable` (terminals and plain files), `markdown`, `latex`, `csv_cell`, `json_text`; HTML
and SVG are built as trees (`adaptx.reporting.markup`). Whoever writes a text that adaptx has not written itself passes
it through the function of its format, once. May not import anything of adaptx.
"""

from __future__ import annotations

import json
import re
from typing import Any

__all__ = ["LONGEST", "csv_cell", "json_text", "latex", "markdown", "one_line", "printable", "told"]

LONGEST = 2000  # characters of a message: longer ones are cut in the middle
# Control characters (escape sequences, bells, returns), halves of surrogates, line separators, marks that turn the
# direction of what follows. Joiners stay: scripts and emoji need them.
UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
UNSAFE_IN_JSON = re.compile("[\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
FORMULA = ("=", "+", "-", "@", "\t", "\r")
BEGINS = re.compile(r"([=#>]|[-+](?=[-\s]|$)|\d+(?=[.)](\s|$)))")  # a list, heading, rule or quotation
INSIDE = re.compile(r"[\\`*~$|]|(?<![^\W_])_|_(?![^\W_])|\](?=[(\[:])|:(?=//)|@|(?<=www)\.", re.IGNORECASE)
LATEX = str.maketrans(
    {character: f"\\{character}" for character in "&%$#_{}"}
    | {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "→": r"$\rightarrow$"}
    | {"<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}"}
)


def printable(text: str) -> str:
    """Return a text without a character that a terminal would obey: each is shown as Python spells it in a string."""
    return text if text.isascii() and text.isprintable() else UNSAFE.sub(_spelled, text)


def _spelled(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode("ascii")


def one_line(text: str, longest: int = LONGEST) -> str:
    """Return a text on one line: printable, white space as single blanks, the middle of a long one left out."""
    line = " ".join(printable(text).split())
    half = longest // 2
    return line if len(line) <= longest else f"{line[:half]} [...] {line[-half:]}"


def told(error: BaseException) -> str:
    """Return the kind and message of an exception that a stranger raised; its ``__str__`` may raise as well."""
    kind = type(error).__name__
    try:
        message = str(error)
    except BaseException as fault:  # noqa: BLE001 - a stranger's code, asked for one word
        message = f"a message that raises {type(fault).__name__}"
    return one_line(f"{kind}: {message}", 500)


def markdown(text: str, *, inline: bool = False) -> str:
    """Return a text on one line of Markdown that shows as it is: no link, image, code, heading, HTML or new cell.

    ``inline``: where no line begins, as in a cell or heading.
    """
    line = one_line(text).replace("&", "&amp;").replace("<", "&lt;")
    line = INSIDE.sub(lambda found: f"\\{found[0]}", line)
    begins = None if inline else BEGINS.match(line)
    if begins is None:
        return line
    at = begins.end() - 1 if not begins[0].isdigit() else begins.end()
    return f"{line[:at]}\\{line[at:]}"


def latex(text: str) -> str:
    """Return a text for LaTeX; one that begins with a bracket or star is no argument of the line break before it."""
    line = one_line(text).translate(LATEX)
    return f"{{}}{line}" if line.startswith(("[", "*")) else line


def csv_cell(value: Any) -> Any:
    """Return a cell that no spreadsheet takes for a formula: a text that begins like one gets an apostrophe."""
    if not isinstance(value, str):
        return value
    line = printable(value)
    return f"'{line}" if value.startswith(FORMULA) else line


def json_text(value: Any) -> str:
    """Return readable JSON in which what a terminal would obey, or UTF-8 could not hold, is escaped."""
    text = json.dumps(value, ensure_ascii=False, indent=1)
    return UNSAFE_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
