"""A run-directory experiment manager and PyTorch trainer.

Each public name is imported at its first use, so that reading runs loads no torch:
`import stride` and `from stride import Run` are cheap, `from stride import Trainer` is not.
"""

from importlib import import_module

# Not from typing: `python -m stride` imports this before it has the current folder out of its way.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from stride.benchmark.batched_trainer import BatchedTrainer as BatchedTrainer
    from stride.benchmark.block import Block as Block
    from stride.benchmark.data_block import DataBlock as DataBlock
    from stride.benchmark.single_run import run_benchmark as run_benchmark
    from stride.callbacks.base import Callback as Callback
    from stride.callbacks.protocols import TrainerLike as TrainerLike
    from stride.config import Config as Config
    from stride.errors import StrideError as StrideError
    from stride.loggers.base import Logger as Logger
    from stride.models.model import Model as Model
    from stride.models.steps.step import Step as Step
    from stride.rl.evaluation.evaluator import Evaluator as Evaluator
    from stride.runs.collection.run_list import open_runs as open_runs
    from stride.runs.run import Run as Run
    from stride.sweeps.sweeper import Sweeper as Sweeper
    from stride.trainer.evaluation.async_evaluator import AsyncEvaluator as AsyncEvaluator
    from stride.trainer.fit.kind import Kind as Kind
    from stride.trainer.starts.loaded import load_run as load_run
    from stride.trainer.trainer import Trainer as Trainer
    from stride.trainers.active.trainer import ActiveTrainer as ActiveTrainer
    from stride.trainers.lr_find.trainer import LrFindTrainer as LrFindTrainer
    from stride.trainers.reconstruction.trainer import (
        ReconstructionTrainer as ReconstructionTrainer,
    )
    from stride.trainers.rl.trainer import RLTrainer as RLTrainer
    from stride.version import __version__ as __version__

_MODULES = {
    "ActiveTrainer": "stride.trainers.active.trainer",
    "AsyncEvaluator": "stride.trainer.evaluation.async_evaluator",
    "BatchedTrainer": "stride.benchmark.batched_trainer",
    "Block": "stride.benchmark.block",
    "Callback": "stride.callbacks.base",
    "Config": "stride.config",
    "DataBlock": "stride.benchmark.data_block",
    "Evaluator": "stride.rl.evaluation.evaluator",
    "Kind": "stride.trainer.fit.kind",
    "Logger": "stride.loggers.base",
    "LrFindTrainer": "stride.trainers.lr_find.trainer",
    "Model": "stride.models.model",
    "RLTrainer": "stride.trainers.rl.trainer",
    "ReconstructionTrainer": "stride.trainers.reconstruction.trainer",
    "Run": "stride.runs.run",
    "Step": "stride.models.steps.step",
    "StrideError": "stride.errors",
    "Sweeper": "stride.sweeps.sweeper",
    "Trainer": "stride.trainer.trainer",
    "TrainerLike": "stride.callbacks.protocols",
    "__version__": "stride.version",
    "load_run": "stride.trainer.starts.loaded",
    "open_runs": "stride.runs.collection.run_list",
    "run_benchmark": "stride.benchmark.single_run",
}

__all__ = [
    "ActiveTrainer",
    "AsyncEvaluator",
    "BatchedTrainer",
    "Block",
    "Callback",
    "Config",
    "DataBlock",
    "Evaluator",
    "Kind",
    "Logger",
    "LrFindTrainer",
    "Model",
    "RLTrainer",
    "ReconstructionTrainer",
    "Run",
    "Step",
    "StrideError",
    "Sweeper",
    "Trainer",
    "TrainerLike",
    "__version__",
    "load_run",
    "open_runs",
    "run_benchmark",
]


def __getattr__(name: str) -> object:
    """Import a public name at its first use."""
    if name not in _MODULES:
        raise AttributeError(f"module 'stride' has no attribute {name!r}")
    value: object = getattr(import_module(_MODULES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names."""
    return sorted(__all__)
