"""The page of a release, by which whoever has no more than its folder and the installed package goes on."""

from collections.abc import Mapping, Sequence

import hyperforget
from hyperforget.forget_set import classes_in_words
from hyperforget.generator.description import Description
from hyperforget.release.dataset_card import Exported

# A network needs images: those that come with scikit-learn, else the reader's own.
_DIGITS = """\
images, labels = load_digits(return_X_y=True)
known = np.isin(labels, generator.classes)
images, labels = images[known], labels[known]
"""
_OWN = """\
with np.load("images.npz") as file:  # of yours: pixels as the dataset has them, and the label of each image
    images, labels = file["images"], file["labels"]
"""
_TRAINING = """\
np.savez("held-out.npz", images=images[1::2], labels=labels[1::2])

torch.manual_seed(0)
network = generator.layout.module()  # or a torch.nn.Sequential of yours, with these layers
flat = generator.layout.flat_images(torch.from_numpy(images[::2]))
pixels = generator.layout.images_of_modules(generator.normalise(flat))
answers = torch.tensor([generator.classes.index(label) for label in labels[::2]])
optimiser = torch.optim.SGD(network.parameters(), lr=0.1)
for _ in range(600):
    batch = torch.randint(len(pixels), (64,))
    optimiser.zero_grad()
    torch.nn.functional.cross_entropy(network(pixels[batch]), answers[batch]).backward()
    optimiser.step()
torch.save(network.state_dict(), "mine.pt")
"""


_ONE_OF_MANY = (
    "The verdict is on one network, which may be unlike those that the generator learned from: the cards have medians "
    "of many."
)


def readme(generators: Mapping[str, Description], corpora: Sequence[Exported], tag: str) -> str:
    """The page, Markdown, of a release with these generators, by ``task/model``, and corpora, whose results are kept
    under a tag.
    """
    changing = next((name for name, each in generators.items() if each.conditioning == "dihyfo-1"), None)
    parts = [
        "# Networks that forget on demand: a release",
        f"What a run of hyperforget {hyperforget.__version__} made, for use without training a generator. Commands are "
        "for this folder, in an environment where hyperforget is installed, with its extras `remote` and `parquet` for "
        "the bucket and the checkpoints (`pip install -e '.[remote,parquet]' -c constraints.txt` in its checkout).",
        "| what | where |\n|---|---|\n"
        "| generators, with a card each | `generators/{task}/{model}` |\n"
        "| checkpoints that they learned from, with a card | `corpus` |\n"
        "| the report of the run | [report.html](report.html) |\n"
        "| all its results, and how each was made | `store`, a bucket |\n"
        "| digests of all files | `sha256sum --check --quiet SHA256SUMS` |",
        _list_of(generators),
    ]
    if changing is not None:
        parts += ["## A network of your own forgets a class", _forgetting(changing, generators[changing])]
    judged = "" if changing is None else _evaluation(changing, generators[changing])
    parts += ["## Held against retrained networks", _results(judged, tag)]
    return "\n\n".join([*parts, "## The checkpoints", _checkpoints(corpora)]) + "\n"


def _list_of(generators: Mapping[str, Description]) -> str:
    lines = ["| generator | images | network | forgets any set of | how |", "|---|---|---|---|---|"]
    for name, each in generators.items():
        network = each.layout(name).description
        how = "changes a network, or makes one" if each.conditioning == "dihyfo-1" else "makes a network"
        link = f"[{name}](generators/{name}/README.md)"
        lines.append(f"| {link} | {each.dataset} | {network} | {classes_in_words(each.free)} | {how} |")
    return "\n".join(lines)


def _forgetting(name: str, about: Description) -> str:
    digits = about.dataset == "digits"
    imports = "import hyperforget\nimport numpy as np\nimport torch\n"
    imports += "from sklearn.datasets import load_digits\n" if digits else ""
    generator = f'generator = hyperforget.load("generators/{name}")\n'
    code = f"{imports}\n{generator}{_DIGITS if digits else _OWN}{_TRAINING}"
    classes = _forgotten(about).replace("-", ",")
    return (
        f"Any {about.layout(name).description} will do, here one trained with torch alone, on every other image:\n\n"
        f"```python\n{code}```\n\n"
        f"The generator has it forget {classes}, and tells what is still recognised of the others:\n\n"
        f"```bash\nhyperforget forget mine.pt --classes {classes} --with generators/{name} --data held-out.npz "
        "-o forgotten.safetensors\n```"
    )


def _forgotten(about: Description) -> str:
    """A forget set to show: the smallest that was measured, for which there are retrained networks."""
    measured = {row.forget for row in about.measured}
    return min(measured, key=lambda forget: (forget.count("-"), forget), default=str(about.free[0]))


def _evaluation(name: str, about: Description) -> str:
    """The command that judges what was forgotten; none where no networks were retrained."""
    if not about.measured:
        return ""
    task, classes = name.split("/")[0], _forgotten(about).replace("-", ",")
    return f"hyperforget evaluate forgotten.safetensors --task {task} --classes {classes}\n"


def _results(judged: str, tag: str) -> str:
    return (
        "The bucket gives the results of the run and what they are made of: data, checkpoints, and networks that were "
        "trained without the classes.\n\n"
        "```bash\n"
        f'hyperforget store pull "file://$PWD/store" {tag}\n'
        f"hyperforget store checkout {tag}\n"
        f"{judged}"
        "hyperforget store lineage results/metrics.csv\n```\n\n"
        "They lie in `results` then, and the last line tells how their numbers were made."
        + (" " + _ONE_OF_MANY if judged else "")
    )


def _checkpoints(corpora: Sequence[Exported]) -> str:
    names = ", ".join(f"`{each.name}`" for each in corpora)
    return (
        f"{sum(each.rows for each in corpora):,} checkpoints are in Parquet files, which [a card](corpus/README.md) "
        f'describes. Hugging Face\'s library reads them, `datasets.load_dataset("corpus", NAME)`; names are {names}.'
    )
