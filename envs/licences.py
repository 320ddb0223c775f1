"""The licences of what is installed, out of a bill of materials in CycloneDX's JSON, as a page in Markdown.

python envs/licences.py bom.json docs/licences.md
"""

import json
import sys
from pathlib import Path
from typing import Any

# Their metadata names none, but the file LICENSE that they bring.
READ_IN_THEIR_FILES = {
    "arcp": "Apache-2.0", "asttokens": "Apache-2.0", "conda-inject": "MIT", "rich-click": "MIT",
    "snakemake-interface-common": "MIT",
    "snakemake-interface-logger-plugins": "MIT", "snakemake-interface-report-plugins": "MIT",
    "snakemake-interface-scheduler-plugins": "MIT", "snakemake-interface-storage-plugins": "MIT",
    "torchvision": "BSD-3-Clause",
}  # fmt: skip
HEAD = """# Licences of what is installed

Made by `make bom` out of the metadata of the packages that `make setup` installs, in the versions of
`constraints.txt`. hyperforget itself is under the MIT licence. With torch's CUDA build come packages of NVIDIA, whose
licence is NVIDIA's own.

| package | version | licence |
|---|---|---|
"""


def licence_of(component: dict[str, Any]) -> str:
    """The licence of a component, as SPDX writes it where that is told; raises ValueError where none is known."""
    told = component.get("licenses", [])
    by_spdx = [each.get("expression") or each["license"].get("id") for each in told]
    in_words = [_short(each["license"].get("name", "")) for each in told if "license" in each]
    name = str(component["name"])
    known = ", ".join(filter(None, by_spdx)) or ", ".join(filter(None, in_words)) or READ_IN_THEIR_FILES.get(name, "")
    if not known:
        raise ValueError(f"{name} declares no licence; read its files and add it to READ_IN_THEIR_FILES")
    return known


def _short(words: str) -> str:
    """What is left of a classifier, or of a whole licence: the last part of its first line."""
    return words.strip().partition("\n")[0].rpartition("::")[2].strip()


def page(materials: dict[str, Any]) -> str:
    """The page; pip, which `venv` brings, and hyperforget are left out."""
    components = [each for each in materials["components"] if each["name"] not in ("hyperforget", "pip")]
    components.sort(key=lambda each: str(each["name"]).lower())
    rows = [f"| {each['name']} | {each['version'].partition('+')[0]} | {licence_of(each)} |" for each in components]
    return HEAD + "\n".join(rows) + "\n"


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(page(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))), encoding="utf-8")
