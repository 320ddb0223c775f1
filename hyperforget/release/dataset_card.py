"""The card of the corpora of a release: ``README.md``, with the front matter by which a hub finds their files."""

from collections.abc import Sequence
from dataclasses import dataclass

import yaml

# What the columns of a file are, C being the classes and P the parameters.
_COLUMNS = {
    "params": "P numbers: flat parameters; `layout` in the metadata says which are which",
    "losses": "C numbers: mean cross-entropy of each class, nats",
    "correct": "C numbers: correctly classified images of each class",
    "discriminability, separability": "C numbers: how well outputs and hidden units tell a class from the others",
    "step": "steps of training before",
    "run": "the training run, whose first row is its random start",
    "start": "whether it is a random start",
    "switch": "the step after which the run was shown other shares of the classes",
    "rate_before, rate_after": "C numbers: what share of each class it was shown",
    "learning_rate, recipe": "how the run was trained",
}


@dataclass(frozen=True)
class Exported:
    """A corpus as a file of a release: its ``task``, how many rows it has, of P ``parameters``, of which network, the
    ``labels`` of its classes, and the images that it was measured on.
    """

    file: str
    task: str
    rows: int
    parameters: int
    network: str
    labels: Sequence[int]
    measured_on: str

    @property
    def name(self) -> str:
        """What hubs call it."""
        return self.file.removesuffix(".parquet")


def dataset_card(corpora: Sequence[Exported]) -> str:
    """The card, Markdown, of the files of some corpora."""
    front = {
        "license": "mit",
        "pretty_name": "Checkpoints of networks that learn and forget classes",
        "tags": ["machine-unlearning", "weight-space-learning", "hypernetwork"],
        "size_categories": [_size(sum(each.rows for each in corpora))],
        "configs": [{"config_name": each.name, "data_files": each.file} for each in corpora],
    }
    lines = [
        "---\n" + yaml.safe_dump(front, sort_keys=False) + "---\n",
        "# Checkpoints of networks that learn and forget classes\n",
        "Small classifiers on their way through training, while classes were shown less, or never: what hypernetworks",
        "learn from that make networks forget. A row is a checkpoint.\n",
        "| file | task | rows | network | parameters P | classes | measured on |",
        "|---|---|---|---|---|---|---|",
        *(
            f"| `{each.file}` | {each.task} | {each.rows:,} | {each.network}, ReLU | {each.parameters:,} | "
            f"{', '.join(map(str, each.labels))} | {each.measured_on} images |"
            for each in corpora
        ),
        "\n| column | what |",
        "|---|---|",
        *(f"| {', '.join(f'`{name}`' for name in names.split(', '))} | {what} |" for names, what in _COLUMNS.items()),
        "\nThe text `metadata` of a file's schema, JSON, tells names and shapes of the parameters, how pixels are",
        "normalised, of how many images of a class the counts are, unit and axes of every column, and settings:\n",
        "```python\nimport json\n\nimport numpy\nimport pyarrow.parquet\n",
        f'table = pyarrow.parquet.read_table("{corpora[0].file}")',
        'about = json.loads(table.schema.metadata[b"metadata"])',
        'accuracies = numpy.stack(table["correct"].to_numpy()) / about["classes"]["images"]  # (rows, C)\n```\n',
        "Checkpoints of one run are much alike: divide them by `run`, so that a test tells of learning, not of memory.",
        "They were made by hyperforget, after Lara Rangel, *Learning to Forget with Diffusion Hypernetworks* (2024).",
    ]
    return "\n".join(lines) + "\n"


def _size(rows: int) -> str:
    """The class of size that hubs know."""
    for limit, name in ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M")):
        if rows < limit:
            return name
    return "1M<n<10M"
