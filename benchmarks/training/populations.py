"""Milliseconds a step of a population of main networks, in float32 and in what `recipe.precision: auto` chooses here.

    python benchmarks/training/populations.py [--networks 250] [--sizes 784x7x10] [--steps 200]

Both train the same networks on the same minibatches of random images, in one process and thread, in turns.
"""

import argparse
import statistics
import time

import torch

from hyperforget.config import RecipeConfig
from hyperforget.data.splits import Split
from hyperforget.errors import UserError, run_command
from hyperforget.networks.initialisations import initialise
from hyperforget.networks.layout import Layout
from hyperforget.networks.perceptron import PerceptronLayout
from hyperforget.networks.training import constant_curriculum, train_population

IMAGES, TURNS = 2000, 5
PRECISIONS = ("float32", "auto")


def main() -> None:
    """Measure in turns, and print a line a precision and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", type=int, default=250)
    parser.add_argument("--sizes", default="784x7x10", help="inputs, units of each hidden layer, and classes")
    parser.add_argument("--steps", type=int, default=200, help="steps of a turn")
    options = parser.parse_args()
    torch.set_num_threads(1)
    layout = parse_layout(options.sizes)
    seconds: dict[str, list[float]] = {precision: [] for precision in PRECISIONS}
    for _ in range(TURNS):
        for precision in PRECISIONS:
            seconds[precision].append(measure(layout, options.networks, options.steps, precision))
    medians = {precision: 1000 * statistics.median(found) for precision, found in seconds.items()}
    for precision, milliseconds in medians.items():
        print(f"{precision}: {milliseconds:.2f} ms a step of {options.networks} networks {options.sizes}")
    print(f"float32 takes {medians['float32'] / medians['auto']:.2f} times as long")


def parse_layout(text: str) -> Layout:
    """``784x7x10``; raises `UserError` for anything else."""
    parts = text.split("x")
    if len(parts) < 3 or not all(part.isdecimal() and int(part) for part in parts):
        raise UserError(f"--sizes has {text!r}; allowed are inputs, hidden units and classes, as in 784x7x10")
    return PerceptronLayout(tuple(map(int, parts)))


def measure(layout: Layout, networks: int, steps: int, precision: str) -> float:
    """Seconds a step."""
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(IMAGES, layout.inputs, generator=generator)
    split = Split(images, torch.arange(IMAGES) % layout.classes, layout.classes)
    recipe = RecipeConfig.model_validate({"batch_size": 128, "steps": steps, "precision": precision})
    shown = constant_curriculum(torch.ones(networks, layout.classes))
    starts = initialise(layout, networks, generator)
    clock = time.perf_counter()
    train_population(starts, split, recipe, shown, generator)
    return (time.perf_counter() - clock) / steps


if __name__ == "__main__":
    run_command(main)
