"""Numbers of tables as papers print them: shares in percent, with as many digits as their images carry."""

from hyperforget.report.tables.model import Cell, Label, latex_escape, signed

# Of what is no share, as the thesis printed them.
_DECIMALS_OF_THESIS = 4
_DECIMALS = 3


def printed(cell: Cell) -> Label:
    """The number, its interval, or both."""
    if cell.words:
        return cell.words
    bounds = f"[{_number(cell, cell.low)}, {_number(cell, cell.high)}]" if cell.has_interval else ""
    value = _number(cell, cell.value) if cell.has_value else ""
    return _label(f"{value} {bounds}".strip())


def printed_thesis(cell: Cell) -> Label:
    """What the thesis has in its place; nothing without it."""
    return _label(_number(cell, cell.published.value) if cell.published else "")


def printed_difference(cell: Cell) -> Label:
    """Ours minus that of the thesis; nothing without it."""
    return _label(_number(cell, cell.published.difference, "+") if cell.published else "")


def _number(cell: Cell, value: float, plus: str = "") -> str:
    if cell.share:
        # The thesis has four decimals, which are two of percent.
        decimals = max(cell.share.decimals, _DECIMALS_OF_THESIS - 2 if cell.published else 0)
        return signed(100 * value, decimals, plus)
    return signed(value, cell.decimals if cell.published else min(cell.decimals, _DECIMALS), plus)


def _label(shown: str) -> Label:
    # Braces, because a bracket right after the row separator of the line before would be read as its option.
    latex = latex_escape(shown).replace("[", "{[}").replace("]", "{]}").replace("+", "$+$")
    return Label(shown, latex, shown)
