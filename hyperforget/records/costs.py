"""What requests take, ``requests.csv`` of a task, and what methods cost in all, ``costs.csv``."""

from dataclasses import dataclass

# Requests that are answered together in `hundred_seconds`.
HUNDRED = 100


@dataclass(frozen=True)
class RequestRow:
    """Seconds of one processor that requests to a method take, everything being loaded.

    ``request_seconds`` are those of one network without one set of classes, and no data where the method needs none;
    ``with_data_seconds`` where the best of several is chosen by data, None of methods that do not. In
    ``hundred_seconds`` a hundred are answered together, None where that is not timed. ``epoch_seconds`` are those of
    showing one network all training images once, of methods that train. All are medians of several trials.
    """

    task: str
    method: str
    request_seconds: float
    with_data_seconds: float | None
    hundred_seconds: float | None
    epoch_seconds: float | None


@dataclass(frozen=True)
class CostRow:
    """A method on one task, in ``results/costs.csv``: ``retrained``, one that asks a hypernetwork, or a rival.

    ``data`` says what a request takes of these. Of wall clock are ``collection_seconds`` and
    ``training_seconds``, paid once, the first for all models of a task; the others are those of `RequestRow`. A
    rival stands as its own ``model``, has nothing trained for it, and only looking up needs a collection.
    ``break_even_requests`` says after how many requests, one at a time, what was paid once is saved against retraining,
    ``break_even_together`` where they come by the hundred; infinite where a request costs as much as a retrain. None is
    not known.
    """

    task: str
    model: str
    method: str
    data: str
    collection_seconds: float
    training_seconds: float
    request_seconds: float | None
    with_data_seconds: float | None
    hundred_seconds: float | None
    epoch_seconds: float | None
    break_even_requests: float | None
    break_even_together: float | None
