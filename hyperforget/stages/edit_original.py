"""Apply an unlearning method without a hypernetwork to trained networks."""

import time

import torch

from hyperforget.config import RecipeConfig
from hyperforget.config.methods import Method
from hyperforget.config.specs import RivalSpec
from hyperforget.runtime.own_code import Whereabouts, load_own
from hyperforget.runtime.randomness import generator_for
from hyperforget.runtime.stage import Job
from hyperforget.unlearning.assignment import Assignment
from hyperforget.unlearning.candidates import (
    load_candidates,
    make_candidates,
    publish_candidates,
)
from hyperforget.unlearning.handover import export_chosen
from hyperforget.unlearning.methods import UnlearningMethod, unlearning_method
from hyperforget.unlearning.own_methods import own_method
from hyperforget.unlearning.request import load_request


def run(job: Job[RivalSpec]) -> dict[str, float]:
    """Load, call, save; returns what the request took once everything was loaded."""
    spec, names = job.spec, job.names
    request = load_request(job.store, job.input("dataset"), names["forget"], spec.protocol, job.device)
    stored = load_candidates(job.store, job.input("originals"))
    unlearn = _method(job)
    clock = time.monotonic()
    generator = generator_for(spec.seed, "edit", names["task"], names["method"], names["forget"])
    originals, forget = stored.candidates.networks.to(job.device), request.forget.to(job.device)
    recipe = RecipeConfig(**{name: getattr(spec.recipe, name) for name in type(spec.recipe).model_fields})
    assignment = Assignment(originals, forget, request.data.train, request.split, recipe, generator)
    unlearned = unlearn(assignment).to(torch.device("cpu"))
    candidates = make_candidates(unlearned, request.split)
    # The chosen one is the network that somebody has; the others show how much that matters.
    publish_candidates(job.store, job.output("token"), candidates, stored.chosen, dict(names))
    export_chosen(job.output("network"), candidates, stored.chosen, request.data, dict(names))
    return {"request": time.monotonic() - clock}


def _method(job: Job[RivalSpec]) -> UnlearningMethod:
    """The built-in method of that name, or the user's own."""
    spec, [file] = job.spec, job.inputs.get("code", [None])
    if spec.function is None:
        return unlearning_method(Method.parse(job.names["method"]).base)
    return own_method(load_own("method", Whereabouts(spec.function, file, spec.package), spec.settings))
