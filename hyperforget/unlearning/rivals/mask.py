"""The rival `mask`: the outputs of the forgotten classes are put out of reach. It needs no data and costs nothing."""

from hyperforget.networks.batch import Networks
from hyperforget.unlearning.assignment import Assignment

# Far below any logit, and small enough to add up with it in single precision.
OUT_OF_REACH = 1e4


def mask_outputs(assignment: Assignment) -> Networks:
    """Networks that differ from the originals in the output biases of the forgotten classes only, which are so low that
    no image is ever given to one of them.
    """
    layout = assignment.originals.layout
    parts = [part.clone() for part in layout.split(assignment.originals.params)]
    parts[-1] -= OUT_OF_REACH * assignment.forget
    return Networks(layout.join(parts), layout)
