"""Elements of HTML and SVG: built as a tree, so that every text is escaped in one place.

Owns nothing but the spelling: ``class_`` is ``class``, ``stroke_width`` is ``stroke-width``.
"""

from __future__ import annotations

from xml.etree.ElementTree import Element, tostring

from adaptx.escaping import printable

__all__ = ["Element", "element", "html_text", "svg_text"]

SVG = "http://www.w3.org/2000/svg"


def element(tag: str, /, *children: Element | str, **attributes: str | float) -> Element:
    """Return an element with its attributes and, in order, its children: elements and texts."""
    made = Element(tag, {key.rstrip("_").replace("_", "-"): _spell(value) for key, value in attributes.items()})
    for child in children:
        if isinstance(child, Element):
            made.append(child)
        elif len(made):
            made[-1].tail = (made[-1].tail or "") + printable(child)
        else:
            made.text = (made.text or "") + printable(child)
    return made


def html_text(root: Element) -> str:
    """Return a page, with its document type."""
    return "<!DOCTYPE html>\n" + tostring(root, encoding="unicode", method="html") + "\n"


def svg_text(root: Element) -> str:
    """Return a drawing as a file of its own."""
    alone = Element(root.tag, {"xmlns": SVG, **root.attrib})
    alone.extend(root)
    return tostring(alone, encoding="unicode") + "\n"


def _spell(value: str | float) -> str:
    return printable(value) if isinstance(value, str) else f"{value:.2f}".rstrip("0").rstrip(".")
