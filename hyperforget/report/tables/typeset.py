"""How much room text takes on paper, in points of TeX, before LaTeX has set it."""

# Widths of Computer Modern at 8 points (``\footnotesize`` of a class of 10 points), in thousandths of its size, from
# the file cmr8.tfm; what is not here, as symbols, is taken for wide.
_SIZE = 8.0
_EM = {
    character: width
    for width, characters in {
        295: "!',.:;[]`il",
        325: "fj",
        354: " -",
        383: "I",
        413: "()tr",
        419: "s",
        472: "cez",
        502: "?_",
        531: "$*/0123456789ago{}~–",
        545: "J",
        561: "kqvxy",
        590: "Sbdhnpu",
        664: "ELFZP",
        767: "BCTw",
        811: "ADHNUVXYRK",
        834: "&+=@OQG−×÷φ",
        885: "#%m",
        1091: "MW",
    }.items()
    for character in characters
}
_OTHER = 1063
# Height of a line there, and what a rule takes with the room around it.
LINE = 9.5
RULE = 6.0
# Of `\scriptsize` to it.
SMALLER = 7 / 8


def width(text: str) -> float:
    """Of a text in ``\\footnotesize``, the widest of its lines."""
    return max(sum(_EM.get(character, _OTHER) for character in line) for line in text.split("\n")) * _SIZE / 1000
