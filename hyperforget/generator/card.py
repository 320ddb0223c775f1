"""The model card of a generator: ``README.md``, with the front matter that Hugging Face reads."""

from collections.abc import Iterable

import yaml

from hyperforget.forget_set import classes_in_words
from hyperforget.generator.description import Description, Measured

# What is shown of each forget set, by metric and set of images: its heading.
_COLUMNS = {
    ("accuracy", "retain"): "kept",
    ("accuracy", "forget"): "still recognised",
    ("shift", "forget"): "recovered by a shift",
    ("auc", "forget"): "AUC",
}


def model_card(description: Description) -> str:
    """The card, Markdown, of what a description says."""
    front = yaml.safe_dump(_front_matter(description), sort_keys=False, allow_unicode=True)
    parts = [f"---\n{front}---", f"# {description.model} for {description.task}", _introduction(description)]
    parts += ["## Use", _usage(description), "## How well it forgets", _results(description)]
    return "\n\n".join([*parts, "## What it was trained on", _training(description)]) + "\n"


def _front_matter(description: Description) -> dict[str, object]:
    metrics = [
        {"type": row.metric, "name": f"{row.method} without {row.forget}: {row.set}", "value": round(row.value, 4)}
        for row in description.measured
        if row.method != "retrained"
    ]
    results = [
        {
            "task": {"type": "image-classification", "name": "machine unlearning"},
            "dataset": {"type": description.dataset, "name": description.dataset},
            "metrics": metrics,
        }
    ]
    index = [{"name": f"{description.model}-{description.task}", "results": results}]
    return {
        "license": "mit",
        "library_name": "hyperforget",
        "tags": ["machine-unlearning", "hypernetwork", "diffusion", "weight-space-learning"],
        **({"metrics": ["accuracy"], "model-index": index} if metrics else {}),
    }


def _introduction(description: Description) -> str:
    edits = (
        "It changes a trained network that it is given, or makes new ones from random starts."
        if description.conditioning == "dihyfo-1"
        else "It makes new networks from noise."
    )
    network = f"{description.layout('the generator').description}, ReLU"
    learned_from = ", ".join(layout.description for layout in description.layouts_learned_from("the generator"))
    widths = f" It learned from networks of several widths, {learned_from}." if learned_from else ""
    sealed = (
        f" It was sealed against {_classes(description.sealed)} by `hyperforget seal`: whatever it is asked for, its "
        "networks do not know them."
        if description.sealed
        else ""
    )
    return (
        f"A diffusion hypernetwork that generates the parameters of classifiers ({network}) which know all classes of "
        f"`{description.dataset}` but those that it is asked to forget: any set of {_classes(description.free)}. "
        f"{edits} The others, {_classes(description.pivots)}, are pivots: they are in all that it learned from, and "
        f"cannot be forgotten.{widths}{sealed}"
    )


def _usage(description: Description) -> str:
    some, images = description.free[:1], description.images
    call = (
        f"forgotten = generator.forget(network, classes={some})  # your torch.nn.Module or state dict\n"
        if description.conditioning == "dihyfo-1"
        else ""
    )
    return (
        "```python\nimport hyperforget\n\n"
        'generator = hyperforget.load("path/to/this/folder")\n'
        f"{call}"
        f"several = generator.sample(classes={some}, count=16)  # new networks\n```\n\n"
        f"Networks read {description.layout('the generator').reads}, from {images.lowest:g} to {images.highest:g} in "
        f"the dataset, and normalised as (pixel - {images.mean:.6g}) / {images.std:.6g}, which "
        "`generator.normalise` does. Output i stands for the class with the i-th of the labels "
        f"{', '.join(map(str, description.labels))}."
    )


def _results(description: Description) -> str:
    if not description.measured:
        return "Nothing was measured when this generator was exported."
    rows = {(row.method, row.forget, row.metric, row.set): row for row in description.measured}
    methods, sets = (
        list(dict.fromkeys(each))
        for each in zip(*((row.method, row.forget) for row in description.measured), strict=True)
    )
    lines = [f"| forgotten | networks | {' | '.join(_COLUMNS.values())} |", "|---|---|" + "---|" * len(_COLUMNS)]
    for forget in sets:
        for method in methods:
            cells = [_cell(rows.get((method, forget, *column))) for column in _COLUMNS]
            lines.append(f"| {forget} | `{method}` | {' | '.join(cells)} |")
    told = (
        "Test images, which neither training nor selection saw; medians over networks, in brackets the central 95 % of "
        "them. Kept: accuracy on the retained classes. Recovered by a shift: accuracy on the forgotten ones after the "
        "best shift of output biases, which a network that only hides them has high. AUC: how well its logits rank "
        "images of the forgotten classes. `retrained` networks never saw these: close to them is good."
    )
    return "\n".join(lines) + f"\n\n{told}"


def _cell(row: Measured | None) -> str:
    if row is None:
        return "-"
    if row.low is None or row.high is None:
        return f"{row.value:.3f}"
    return f"{row.value:.3f} ({row.low:.3f}–{row.high:.3f})"


def _training(description: Description) -> str:
    lineage = description.lineage
    return (
        f"{description.checkpoints:,} checkpoints of networks that were trained on `{description.dataset}`, classes "
        f"{_classes(description.labels)}, while classes were undersampled, deleted or never shown. In the artifact "
        f"store of the run that made it: dataset `{lineage.dataset}`, corpus `{lineage.corpus}`, hypernetwork "
        f"`{lineage.hypernetwork}`. Written by hyperforget {description.package_version}; cite Lara Rangel, *Learning "
        "to Forget with Diffusion Hypernetworks* (2024)."
    )


def _classes(labels: Iterable[int]) -> str:
    return classes_in_words(sorted(labels))
