from hyperforget.collection.dataset import corpus as corpus
from hyperforget.generator.loading import load as load
from hyperforget.scores.evaluating import evaluate as evaluate

__all__ = ["__version__", "corpus", "evaluate", "load"]

__version__: str
