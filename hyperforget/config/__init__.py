"""The configuration: one file a section, checks, and what each stage is told of it.

``config/README.md`` holds the reference that ``python -m hyperforget.config`` prints.
"""

from hyperforget.config.check import load_config, warnings
from hyperforget.config.forget_sets import forget_set
from hyperforget.config.hardware import HardwareConfig
from hyperforget.config.models import (
    ArchitectureConfig,
    EditingConfig,
    ModelConfig,
    SamplingConfig,
    SolverConfig,
    TrainingConfig,
    reads_start,
)
from hyperforget.config.reference import reference
from hyperforget.config.sections import (
    PROTOCOLS,
    Config,
    OptimizersConfig,
    ProbeConfig,
    PromptConfig,
    SelectionConfig,
)
from hyperforget.config.tasks import (
    CollectionConfig,
    CorpusConfig,
    DatasetConfig,
    RecipeConfig,
    RunsConfig,
    TaskConfig,
    UpdateConfig,
)

__all__ = [
    "PROTOCOLS",
    "ArchitectureConfig",
    "CollectionConfig",
    "Config",
    "CorpusConfig",
    "DatasetConfig",
    "EditingConfig",
    "HardwareConfig",
    "ModelConfig",
    "OptimizersConfig",
    "ProbeConfig",
    "PromptConfig",
    "RecipeConfig",
    "RunsConfig",
    "SamplingConfig",
    "SelectionConfig",
    "SolverConfig",
    "TaskConfig",
    "TrainingConfig",
    "UpdateConfig",
    "forget_set",
    "load_config",
    "reads_start",
    "reference",
    "warnings",
]
