"""The configuration. ``config/README.md`` holds the reference that ``python -m hyperforget.config``
prints.
"""

from hyperforget.config.check import forget_set, load_config, warnings
from hyperforget.config.hardware import HardwareConfig
from hyperforget.config.models import (
    CONDITIONING_NAMES,
    ArchitectureConfig,
    EditingConfig,
    ModelConfig,
    SamplingConfig,
    TrainingConfig,
    reads_start,
)
from hyperforget.config.performance import Performance
from hyperforget.config.reference import reference
from hyperforget.config.sections import (
    EDIT,
    LOOKUP,
    PROTOCOLS,
    RETRAINED,
    RIVALS,
    STRANGERS,
    Config,
    EvaluationConfig,
    OptimizersConfig,
    ProbeConfig,
    PromptConfig,
    SelectionConfig,
)
from hyperforget.config.tasks import (
    MAIN_CORPUS,
    CollectionConfig,
    CorpusConfig,
    DatasetConfig,
    RecipeConfig,
    StrangersConfig,
    TaskConfig,
    UpdateConfig,
    collection_key,
)

__all__ = [
    "CONDITIONING_NAMES",
    "EDIT",
    "LOOKUP",
    "MAIN_CORPUS",
    "PROTOCOLS",
    "RETRAINED",
    "RIVALS",
    "STRANGERS",
    "ArchitectureConfig",
    "CollectionConfig",
    "Config",
    "CorpusConfig",
    "DatasetConfig",
    "EditingConfig",
    "EvaluationConfig",
    "HardwareConfig",
    "ModelConfig",
    "OptimizersConfig",
    "Performance",
    "ProbeConfig",
    "PromptConfig",
    "RecipeConfig",
    "SamplingConfig",
    "SelectionConfig",
    "StrangersConfig",
    "TaskConfig",
    "TrainingConfig",
    "UpdateConfig",
    "collection_key",
    "forget_set",
    "load_config",
    "reads_start",
    "reference",
    "warnings",
]
