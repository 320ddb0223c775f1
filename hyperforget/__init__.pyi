from hyperforget.scores.evaluating import evaluate as evaluate

__all__ = ["__version__", "evaluate"]

__version__: str
