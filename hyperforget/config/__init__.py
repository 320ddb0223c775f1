"""The configuration. ``config/README.md`` holds the reference that ``python -m hyperforget.config``
prints.
"""

from hyperforget.config.check import forget_set, load_config, warnings
from hyperforget.config.reference import reference
from hyperforget.config.sections import (
    CONDITIONING_NAMES,
    EDIT,
    LOOKUP,
    RETRAINED,
    ArchitectureConfig,
    CollectionConfig,
    Config,
    DatasetConfig,
    EvaluationConfig,
    ModelConfig,
    ProbeConfig,
    PromptConfig,
    RecipeConfig,
    SamplingConfig,
    SelectionConfig,
    TaskConfig,
    TrainingConfig,
    dataset_root,
    reads_start,
)

__all__ = [
    "CONDITIONING_NAMES",
    "EDIT",
    "LOOKUP",
    "RETRAINED",
    "ArchitectureConfig",
    "CollectionConfig",
    "Config",
    "DatasetConfig",
    "EvaluationConfig",
    "ModelConfig",
    "ProbeConfig",
    "PromptConfig",
    "RecipeConfig",
    "SamplingConfig",
    "SelectionConfig",
    "TaskConfig",
    "TrainingConfig",
    "dataset_root",
    "forget_set",
    "load_config",
    "reads_start",
    "reference",
    "warnings",
]
