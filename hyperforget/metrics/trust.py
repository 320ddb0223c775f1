"""What to make of a metric, by how well it tells networks that know a class from networks that never saw it."""

from typing import Literal

# An area under the ROC curve tells networks apart where its whole interval lies above this.
TELLS = 0.75

Trust = Literal["trust", "sees answers", "sees what is hidden, not what is answered", "tells nothing"]


def trust(originals: float, hidden: float) -> Trust:
    """By the lower ends of the intervals of the areas of originals, and of those that hide what they know."""
    if hidden > TELLS:
        return "trust" if originals > TELLS else "sees what is hidden, not what is answered"
    return "sees answers" if originals > TELLS else "tells nothing"
