"""Figures as SVG: the same bytes every time, made to be put into a page without touching the rest of it."""

import html
import io
import re

from matplotlib.backends.backend_svg import FigureCanvasSVG

from hyperforget.report.figures.style import INK, Drawing

# A machine without DejaVu Sans falls back to fonts that are as wide or narrower, so nothing overlaps.
_FONTS = "'DejaVu Sans', Verdana, sans-serif"
# Narrow screens scroll a figure sideways rather than shrink its text below this share of its size.
_SMALLEST_SCALE = 0.75
_POINTS_PER_PIXEL = 72 / 96


def to_svg(drawing: Drawing, name: str) -> str:
    """The drawing as SVG text: ids start with ``name``, text stays text, no date.

    Text and frames take the text colour of the page around them; in a file viewed on its own, one that suits the
    viewer's light or dark scheme. Call inside `style.style`.
    """
    stream = io.StringIO()
    metadata = {"Date": None, "Creator": None, "Format": None, "Type": None}
    # As `savefig` does, which draws all twice.
    FigureCanvasSVG(drawing.figure).print_svg(stream, metadata=metadata)
    svg = stream.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<!--.*?-->|<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    # Its selector is "*", which would reach the whole page; the root passes the same on by inheritance.
    svg = re.sub(r"<defs>\s*<style[^>]*>.*?</style>\s*</defs>", "", svg, count=1, flags=re.DOTALL)
    svg = _own_ids(_compact(svg), name).replace(INK, "currentColor")
    return '<?xml version="1.0" encoding="utf-8"?>\n' + _with_root(svg, drawing, name)


def _compact(svg: str) -> str:
    """The same picture in fewer characters: hundredths of a point, one font, one style for equal markers."""
    svg = re.sub(r"<[^>]+>", lambda tag: _compact_tag(tag.group()), svg)
    svg = re.sub(r"\n\s*", "\n", svg)
    svg = svg.replace("<g/>\n", "")
    # Neither position nor style of an unmarked group means anything, so groups around one text go.
    svg = re.sub(r'<g id="text_\d+">\s*(<text[^>]*>[^<]*</text>)\s*</g>', r"\1", svg)
    equal_markers = r'<use [^>]*style="([^"]*)"/>\n(?:<use [^>]*style="\1"/>\n)+'
    return re.sub(equal_markers, _share_style, svg)


def _compact_tag(tag: str) -> str:
    tag = re.sub(r"(?<![\w#.])-?\d+\.\d{3,}(?:e-\d+)?", lambda digits: _rounded(digits.group()), tag)
    tag = re.sub(r" font-family: [^;\"]*;", "", tag)
    tag = re.sub(r' transform="rotate\(-?0 [^)]*\)"', "", tag)
    return re.sub(r" *\n *", " ", tag)


def _rounded(digits: str) -> str:
    short = f"{float(digits):.2f}".rstrip("0").rstrip(".")
    return "0" if short == "-0" else short


def _share_style(markers: re.Match[str]) -> str:
    shared = markers.group(1)
    bare = markers.group().replace(f' style="{shared}"', "")
    return f'<g style="{shared}">\n{bare}</g>\n'


def _own_ids(svg: str, name: str) -> str:
    """Number the ids that something refers to, with the figure's name before them; drop all others."""
    used = dict.fromkeys(re.findall(r'(?:href="#|url\(#)([^")]+)', svg))
    renamed = {old: f"{name}-{number}" for number, old in enumerate(used, start=1)}

    def identify(match: re.Match[str]) -> str:
        return f' id="{renamed[match.group(1)]}"' if match.group(1) in renamed else ""

    svg = re.sub(r' id="([^"]+)"', identify, svg)
    return re.sub(r'(href="#|url\(#)([^")]+)', lambda match: match.group(1) + renamed[match.group(2)], svg)


def _with_root(svg: str, drawing: Drawing, name: str) -> str:
    end = svg.index(">")
    view_box = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg[:end])
    assert view_box is not None
    width, height = (float(size) / _POINTS_PER_PIXEL for size in view_box.groups())
    head = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" version="1.1"'
        f' {view_box.group()} width="{width:.0f}" height="{height:.0f}"'
        f' class="hyperforget-figure" color="{INK}"'
        f' font-family="{_FONTS}" style="min-width: {width * _SMALLEST_SCALE:.0f}px; stroke-linejoin: round; '
        f'stroke-linecap: butt" role="img" aria-labelledby="{name}-title {name}-description">\n'
        f'<title id="{name}-title">{html.escape(drawing.title)}</title>\n'
        f'<desc id="{name}-description">{html.escape(drawing.description)}</desc>\n'
        # Only where the SVG is a document of its own; inside a page its colour follows the page.
        "<style>@media (prefers-color-scheme: dark) { :root.hyperforget-figure { color: #e6e8ea } }</style>"
    )
    return head + svg[end + 1 :]
