from hyperforget.generator.loading import load as load
from hyperforget.scores.evaluating import evaluate as evaluate

__all__ = ["__version__", "evaluate", "load"]

__version__: str
