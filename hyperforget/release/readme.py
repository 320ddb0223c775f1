"""The page of a release, by which whoever has no more than its folder and the installed package goes on."""

from collections.abc import Sequence

from hyperforget.forget_set import classes_in_words
from hyperforget.generator.description import Description
from hyperforget.release.dataset_card import Exported


def readme(generators: Sequence[Description], corpora: Sequence[Exported], tag: str) -> str:
    """The page, Markdown, of a release with these generators and corpora, whose results are kept under a tag."""
    editing = next((each for each in generators if each.conditioning == "dihyfo-1"), None)
    parts = [
        "# Networks that forget on demand: a release",
        "What one run of [hyperforget](generators) made, for use without training anything. All commands are for this "
        "folder, with hyperforget and its extras `remote` and `parquet` installed.",
        "| what | where |\n|---|---|\n"
        "| generators, with a card each | `generators/{task}/{model}` |\n"
        "| checkpoints that they learned from, with a card | `corpus` |\n"
        "| the results that they are part of, and how each was made | `store`, a bucket |\n"
        "| digests of all files | `sha256sum --check --quiet SHA256SUMS` |",
        _generators(generators),
    ]
    if editing is not None:
        parts += ["## A network of your own forgets a class", _forgetting(editing)]
    parts += ["## Held against retrained networks", _judging(editing or generators[0], tag)]
    return "\n\n".join([*parts, "## The checkpoints", _checkpoints(corpora)]) + "\n"


def _generators(generators: Sequence[Description]) -> str:
    lines = ["| generator | images | network | can forget any set of |", "|---|---|---|---|"]
    for each in generators:
        network = each.layout("the generator").description
        path = f"generators/{each.task}/{each.model}"
        lines.append(f"| [{path}]({path}/README.md) | {each.dataset} | {network} | {classes_in_words(each.free)} |")
    return "\n".join(lines)


def _forgetting(about: Description) -> str:
    labels = ", ".join(map(str, about.labels))
    images = (
        "from sklearn.datasets import load_digits\n\nimages, labels = load_digits(return_X_y=True)\n"
        f"images, labels = images[np.isin(labels, classes)], labels[np.isin(labels, classes)]\n"
        if about.dataset == "digits"
        else 'with np.load("mine.npz") as file:  # your images, with the labels of their classes\n'
        '    images, labels = file["images"], file["labels"]\n'
    )
    return (
        "Train one with torch alone:\n\n"
        "```python\nimport hyperforget\nimport numpy as np\nimport torch\n"
        f"{images}"
        f'generator = hyperforget.load("generators/{about.task}/{about.model}")\n'
        "network = generator.layout.module()  # or a torch.nn.Sequential of yours, with these layers\n"
        "pixels = generator.normalise(torch.from_numpy(images))\n"
        "answers = torch.tensor([classes.index(label) for label in labels])\n"
        "optimiser = torch.optim.SGD(network.parameters(), lr=0.3)\n"
        "for _ in range(300):\n"
        "    optimiser.zero_grad()\n"
        "    torch.nn.functional.cross_entropy(network(pixels), answers).backward()\n"
        "    optimiser.step()\n"
        'torch.save(network.state_dict(), "mine.pt")\n'
        'np.savez("images.npz", images=images, labels=labels)\n```\n'
    ).replace("import torch\n", f"import torch\n\nclasses = [{labels}]\n", 1) + (
        f"\nThen have it forget class {about.free[0]}, and be told what is still recognised:\n\n"
        "```bash\n"
        f"hyperforget forget mine.pt --classes {about.free[0]} --with generators/{about.task}/{about.model} "
        "--data images.npz -o forgotten.safetensors\n```"
    )


def _judging(about: Description, tag: str) -> str:
    judged = (
        f"hyperforget evaluate forgotten.safetensors --task {about.task} --classes {about.free[0]}\n"
        if about.conditioning == "dihyfo-1"
        else ""
    )
    return (
        "The results of the run come out of the bucket, with the data and the networks that were retrained without the "
        "classes:\n\n"
        "```bash\n"
        'hyperforget store pull "file://$PWD/store"\n'
        f"hyperforget store checkout {tag}\n"
        f"{judged}```\n\n"
        "They lie in `results` then; `hyperforget store lineage results/metrics.csv` tells how each was made."
    )


def _checkpoints(corpora: Sequence[Exported]) -> str:
    names = ", ".join(f"`{each.file.removesuffix('.parquet')}`" for each in corpora)
    return (
        f"{sum(each.rows for each in corpora):,} in Parquet files, which [the card](corpus/README.md) describes and hubs "
        f"read: `datasets.load_dataset(\"corpus\", NAME)`, of {names}."
    )
