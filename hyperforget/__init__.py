"""Learning to forget with diffusion hypernetworks.

What is here is for whoever imports the package; each name is loaded when it is first used, so that the import itself
brings no torch. ``__init__.pyi`` tells type checkers what they are.
"""

from importlib import import_module

__version__ = "0.1.0"

# Where each public name is defined.
_DEFINED_IN = {
    "corpus": "hyperforget.collection.dataset",
    "evaluate": "hyperforget.scores.evaluating",
    "load": "hyperforget.generator.loading",
}

__all__ = ["__version__", *_DEFINED_IN]


def __getattr__(name: str) -> object:
    if name not in _DEFINED_IN:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_DEFINED_IN[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_DEFINED_IN})
