"""The rival `bias`: lower the output biases of the forgotten classes until these are never predicted."""

from hyperforget.networks.batch import Networks
from hyperforget.networks.forward import forward
from hyperforget.unlearning.assignment import Assignment

# Between the highest forgotten and the lowest winning logit, so that no tie falls to a forgotten class.
_MARGIN = 1e-3


def lower_bias(assignment: Assignment) -> Networks:
    """Networks that differ from the originals in the output biases of the forgotten classes only.

    One amount for all forgotten classes of a network: the least by which no training image is given to one of them.
    """
    originals, forget = assignment.originals, assignment.forget
    logits = forward(originals, assignment.train.images)
    excess = logits[..., forget].amax(-1) - logits[..., ~forget].amax(-1)
    amount = (excess.amax(-1) + _MARGIN).clamp(min=0)
    layout = originals.layout
    parts = [part.clone() for part in layout.split(originals.params)]
    parts[-1] -= amount.unsqueeze(1) * forget
    return Networks(layout.join(parts), layout)
