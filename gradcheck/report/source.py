"""What a page shows of a case's code and formula: coloured Python, and MathML that is nothing but MathML."""

from __future__ import annotations

import html.entities
import io
import keyword
import re
import tokenize
from html import escape
from xml.etree import ElementTree

MATHML = "{http://www.w3.org/1998/Math/MathML}"
ELEMENTS = {
    *("math", "mrow", "mi", "mn", "mo", "mfrac", "msqrt", "mroot", "msub", "msup", "msubsup", "munder", "mover"),
    *("munderover", "mtable", "mtr", "mtd", "mtext", "mspace", "mstyle", "mfenced", "mpadded", "mphantom", "menclose"),
}
# Attributes that only typeset.
HARMLESS = {"mathvariant", "open", "close", "separators", "fence", "stretchy", "display", "bevelled", "accent", "form"}


def highlight(source: str) -> str:
    """Python source as HTML, with a class for each keyword, text, number, comment and decorator."""
    lines = source.splitlines(keepends=True)
    out: list[str] = []
    row, column = 1, 0

    def skip_to(end: tuple[int, int]) -> str:
        nonlocal row, column
        text = ""
        while row < end[0]:
            text += lines[row - 1][column:]
            row, column = row + 1, 0
        text += lines[row - 1][column : end[1]] if row <= len(lines) else ""
        column = end[1]
        return text

    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    except (tokenize.TokenError, SyntaxError):
        return escape(source)
    for token in tokens:
        out.append(escape(skip_to(token.start)))
        text, name = escape(skip_to(token.end)), css_class(token)
        out.append(f'<span class="{name}">{text}</span>' if name and text else text)
    return "".join(out)


def css_class(token: tokenize.TokenInfo) -> str:
    """The class of a token; empty for those without a colour."""
    if token.type == tokenize.NAME:
        return "kw" if keyword.iskeyword(token.string) else ""
    if token.type == tokenize.OP and token.string == "@" and not token.line[: token.start[1]].strip():
        return "de"
    return {tokenize.STRING: "st", tokenize.NUMBER: "nu", tokenize.COMMENT: "co"}.get(token.type, "")


def formulas(mathml: str) -> list[str]:
    """The formulas of a text of MathML, one a line, each made anew from its elements; those that are not are left out."""
    return [made for line in mathml.splitlines() if (made := remade(line))]


def remade(text: str) -> str:
    """A formula with MathML elements and harmless attributes only; empty where it holds anything else."""
    try:
        root = ElementTree.fromstring(re.sub(r"&(\w+;)", spelled_out, text))
    except ElementTree.ParseError:
        return ""
    for element in root.iter():
        element.tag = element.tag.removeprefix(MATHML)
        if element.tag not in ELEMENTS:
            return ""
        element.attrib = {key: value for key, value in element.attrib.items() if key in HARMLESS}
    root.set("display", "block")
    return ElementTree.tostring(root, encoding="unicode") if root.tag == "math" else ""


def spelled_out(entity: re.Match[str]) -> str:
    """The character of an entity that HTML and MathML know and XML does not."""
    if entity[1] == "ExponentialE;":
        return "e"  # The double-struck letter that the entity stands for reads like no formula in print.
    known = entity[1] not in ("lt;", "gt;", "amp;", "quot;", "apos;")
    return html.entities.html5.get(entity[1], entity[0]) if known else entity[0]
