"""Figures as SVG: the same bytes every time, made to be put into a page without touching the rest of it."""

import io
import re
from collections.abc import Iterator
from itertools import groupby
from xml.etree.ElementTree import Element, TreeBuilder, tostring
from xml.parsers import expat

from hyperforget.report.figures.style import INK, Drawing

# A machine without DejaVu Sans falls back to fonts that are as wide or narrower, so nothing overlaps.
_FONTS = "'DejaVu Sans', Verdana, sans-serif"
# Narrow screens scroll a figure sideways rather than shrink its text below this share of its size.
_SMALLEST_SCALE = 0.75
_POINTS_PER_PIXEL = 72 / 96


def to_svg(drawing: Drawing, name: str) -> str:
    """The drawing as SVG text: ids start with ``name``, text stays text, no date.

    Text and frames take the text colour of the page around them; in a file viewed on its own, one that suits
    the viewer's light or dark scheme. Call inside `style.style`.
    """
    stream = io.StringIO()
    metadata = {"Date": None, "Creator": None, "Format": None, "Type": None}
    drawing.figure.savefig(stream, format="svg", metadata=metadata)
    svg = _parsed(stream.getvalue())
    for element in svg.iter():
        _compact(element)
    _own_ids(svg, name)
    _adopt(svg, drawing, name)
    # Outside the ends of tags, ">" is written "&gt;".
    text = tostring(svg, encoding="unicode").replace(" />", "/>")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'


def _parsed(svg: str) -> Element:
    """The tree without comments, prefixes left in its names, as they are to be written again."""
    builder = TreeBuilder()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    parser.Parse(svg, True)
    return builder.close()


def _compact(element: Element) -> None:
    """The same picture in fewer characters: hundredths of a point, one font, one style for equal markers."""
    for key, value in element.items():
        value = re.sub(r"(?<![\w#.])-?\d+\.\d{3,}(?:e-\d+)?", lambda digits: _rounded(digits.group()), value)
        value = re.sub(r" font-family: [^;]*;", "", value)
        element.set(key, re.sub(r" {2,}", " ", value).replace(INK, "currentColor"))
    if re.fullmatch(r"rotate\(-?0 [^)]*\)", element.get("transform", "")):
        del element.attrib["transform"]
    if len(element):
        element.text = "\n"
    children = [_unwrapped(child) for child in element if not _is_idle(child)]
    for child in children:
        child.tail = "\n"
    element[:] = _grouped(children)


def _is_idle(element: Element) -> bool:
    # The selector of a style sheet is "*", which would reach the whole page; the root passes the same on.
    has_style = element.tag == "defs" and element.find("style") is not None
    is_empty = element.tag == "g" and not (element.attrib or len(element) or element.text)
    return has_style or is_empty or element.tag == "metadata"


def _unwrapped(element: Element) -> Element:
    """Neither position nor style of an unmarked group means anything, so groups around one text go."""
    is_of_text = re.fullmatch(r"text_\d+", element.get("id", "")) is not None
    return element[0] if is_of_text and [child.tag for child in element.iter()] == ["g", "text"] else element


def _grouped(children: list[Element]) -> Iterator[Element]:
    for style, group in groupby(children, lambda child: child.get("style") if child.tag == "use" else None):
        members = list(group)
        if style is None or len(members) == 1:
            yield from members
            continue
        shared = Element("g", {"style": style})
        shared.text = shared.tail = "\n"
        shared[:] = members
        for member in members:
            del member.attrib["style"]
        yield shared


def _rounded(digits: str) -> str:
    short = f"{float(digits):.2f}".rstrip("0").rstrip(".")
    return "0" if short == "-0" else short


def _own_ids(svg: Element, name: str) -> None:
    """Number the ids that something refers to, with the figure's name before them; drop all others."""
    numbers: dict[str, str] = {}

    def renamed(match: re.Match[str]) -> str:
        number = numbers.setdefault(match.group(2), f"{name}-{len(numbers) + 1}")
        return f"{match.group(1)}{number}"

    for element in svg.iter():
        for key, value in element.items():
            element.set(key, re.sub(r"(^#|url\(#)([^)]+)", renamed, value))
    for element in svg.iter():
        if "id" in element.attrib:
            own = numbers.get(element.attrib.pop("id"))
            if own:
                element.attrib = {"id": own, **element.attrib}


def _adopt(svg: Element, drawing: Drawing, name: str) -> None:
    """Give the root what a page and its readers need, a title and a description first."""
    view_box = svg.attrib["viewBox"]
    width, height = (float(size) / _POINTS_PER_PIXEL for size in view_box.split()[2:])
    svg.attrib = {
        "xmlns": "http://www.w3.org/2000/svg",
        "xmlns:xlink": "http://www.w3.org/1999/xlink",
        "version": "1.1",
        "viewBox": view_box,
        "width": f"{width:.0f}",
        "height": f"{height:.0f}",
        "class": "hyperforget-figure",
        "color": INK,
        "font-family": _FONTS,
        "style": f"min-width: {width * _SMALLEST_SCALE:.0f}px; stroke-linejoin: round; stroke-linecap: butt",
        "role": "img",
        "aria-labelledby": f"{name}-title {name}-description",
    }
    # Only where the SVG is a document of its own; inside a page its colour follows the page.
    dark = "@media (prefers-color-scheme: dark) { :root.hyperforget-figure { color: #e6e8ea } }"
    head = [Element("title", id=f"{name}-title"), Element("desc", id=f"{name}-description"), Element("style")]
    for element, text in zip(head, (drawing.title, drawing.description, dark), strict=True):
        element.text, element.tail = text, "\n"
    svg[:0] = head
