"""Name every file of a run folder and of a work_dir, here and nowhere else."""

import hashlib
import os
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from stride.version import FORMAT_VERSION as FORMAT_VERSION

TEMPORARY_PREFIX = ".tmp-"
"""What unfinished files and folders begin with; readers skip them."""

SELECTORS = frozenset({"latest", "best"})
"""What works wherever a run does, and is therefore no run name."""

RESERVED_NAMES = SELECTORS | {"sweeps"}
"""No run names: the selectors, and the folder that the sweeps of a work_dir are in."""

_CHECKPOINT = re.compile(r".+_epoch_([0-9]+)(?:_step_([0-9]+))?")
_ROWS = re.compile(r".+\.rank([0-9]+)(?:-[0-9]+)?\.safetensors")
_NUMBER = re.compile(r"0|[1-9][0-9]*")
_SEGMENT = re.compile(r"(0|[1-9][0-9]*)\.json")
_STAGING = re.compile(re.escape(TEMPORARY_PREFIX) + r"(0|[1-9][0-9]*)-[0-9a-f]{16}")
_TRASHED = re.compile(r"([0-9]{1,15})-[0-9a-f]{12}-(.+)")
_PART_LENGTH = 48
_CHECKPOINTS = "checkpoints"
_ARTIFACTS = "artifacts"
_FOLDERS = frozenset({"segments", "logs", "origin", "frozen", _ARTIFACTS})


@dataclass(frozen=True, slots=True)
class RunPaths:
    """Give the path of each file of one run folder."""

    path: Path

    @property
    def name(self) -> str:
        """Return the run's name: that of its folder."""
        return self.path.name

    @property
    def config(self) -> Path:
        """Return the resolved, complete config."""
        return self.path / "config.json"

    @property
    def status(self) -> Path:
        """Return the state that the writer last recorded, its reason and times."""
        return self.path / "status.json"

    @property
    def progress(self) -> Path:
        """Return where a training under way was a few seconds ago, and how far it has come."""
        return self.path / "progress.json"

    @property
    def segments(self) -> Path:
        """Return the folder with one file per start or resume."""
        return self.path / "segments"

    def segment(self, n: int) -> Path:
        """Return the record of the n-th start, counted from 0."""
        return self.segments / f"{n}.json"

    def heartbeat(self, n: int) -> Path:
        """Return the file whose modification time says that segment n lives."""
        return self.segments / f"{n}.heartbeat"

    def staging(self, n: int, token: str) -> Path:
        """Return the folder through which segment n, known by its token, writes and deletes."""
        return self.path / f"{TEMPORARY_PREFIX}{n}-{token}"

    @property
    def provenance(self) -> Path:
        """Return the record of where the run came from."""
        return self.path / "provenance.json"

    @property
    def code_patch(self) -> Path:
        """Return the uncommitted changes of the code."""
        return self.path / "code.patch"

    @property
    def model_source(self) -> Path:
        """Return the source text of a model class that no import path reaches."""
        return self.path / "model_source.py"

    @property
    def signature(self) -> Path:
        """Return who started the run: an HMAC over its UUID, config and recorded code."""
        return self.path / "signature.json"

    @property
    def metrics(self) -> Path:
        """Return the stream of metrics, one JSON object a line."""
        return self.path / "metrics.jsonl"

    @property
    def fingerprints(self) -> Path:
        """Return the stream of the steps' bits, by which two trainings are told apart."""
        return self.path / "fingerprints.jsonl"

    @property
    def rounds(self) -> Path:
        """Return the stream of active learning's rounds, one JSON object a line."""
        return self.path / "rounds.jsonl"

    @property
    def curve(self) -> Path:
        """Return the learning curve of active learning."""
        return self.path / "curve.json"

    @property
    def curve_plot(self) -> Path:
        """Return the learning curve as a picture, where matplotlib is installed."""
        return self.path / "curve.png"

    def cut(self, n: int, stream: Path) -> Path:
        """Return where segment n kept the rows that it cut from the end of a stream."""
        return self.segments / f"{n}.cut-{stream.name}"

    @property
    def metrics_csv(self) -> Path:
        """Return the same rows as a table (optional logger)."""
        return self.path / "metrics.csv"

    @property
    def queries(self) -> Path:
        """Return the newest query: the samples whose labels are wanted, to be filled in."""
        return self.path / "queries.csv"

    @property
    def labels(self) -> Path:
        """Return the stream of the labels that people gave."""
        return self.path / "labels.jsonl"

    @property
    def labels_lock(self) -> Path:
        """Return the file that is locked while labels are added."""
        return self.path / ".labels.jsonl.lock"

    @property
    def tags(self) -> Path:
        """Return the user's tags and note, which are no record of the run."""
        return self.path / "tags.json"

    @property
    def tags_lock(self) -> Path:
        """Return the file that is locked while tags are changed."""
        return self.path / ".tags.json.lock"

    @property
    def artifact_rows(self) -> Path:
        """Return the stream of what was logged as artifacts, one JSON object a line."""
        return self.path / "artifacts.jsonl"

    @property
    def artifacts(self) -> Path:
        """Return the folder of the artifacts: images, texts, figures, histograms."""
        return self.path / _ARTIFACTS

    def cut_artifacts(self, n: int) -> Path:
        """Return where segment n kept the artifacts of the rows that it cut."""
        return self.segments / f"{n}.cut-{_ARTIFACTS}"

    @property
    def files(self) -> Path:
        """Return the folder of the user's own files, which STRIDE only makes."""
        return self.path / "files"

    @property
    def results(self) -> Path:
        """Return the final results: best and last metrics, timings, digest."""
        return self.path / "results.json"

    @property
    def weights(self) -> Path:
        """Return the best weights by the monitored metric."""
        return self.path / "weights.safetensors"

    @property
    def initial_weights(self) -> Path:
        """Return the start weights, where the config cannot rebuild them."""
        return self.path / "initial_weights.safetensors"

    def frozen_weights(self, name: str) -> Path:
        """Return the weights of a network that helps in the training and is not trained."""
        return self.path / "frozen" / f"{name}.safetensors"

    @property
    def normalization(self) -> Path:
        """Return the statistics of the training split."""
        return self.path / "normalization.json"

    @property
    def logs(self) -> Path:
        """Return the folder of the text logs."""
        return self.path / "logs"

    def log(self, rank: int = 0) -> Path:
        """Return the text log of one rank."""
        return self.logs / f"rank{rank}.log"

    @property
    def reproduction(self) -> Path:
        """Return how this run compares with the one that it reproduces."""
        return self.path / "reproduction.json"

    @property
    def job_script(self) -> Path:
        """Return the script that SLURM runs for this run."""
        return self.path / "job.sbatch"

    @property
    def array_script(self) -> Path:
        """Return the script of a job array, in the folder of its first run."""
        return self.path / "array.sbatch"

    @property
    def job(self) -> Path:
        """Return the record of the job that was submitted for the run."""
        return self.path / "job.json"

    @property
    def job_output(self) -> Path:
        """Return where a job's own output goes; SLURM puts its id for %j."""
        return self.logs / "slurm-%j.out"

    @property
    def code(self) -> Path:
        """Return the copy of the code that the job runs."""
        return self.path / "code"

    @property
    def origin(self) -> "CheckpointPaths":
        """Return the checkpoint of another run that this one, a fork, began from."""
        return CheckpointPaths(self.path / "origin")

    @property
    def checkpoints(self) -> Path:
        """Return the folder of the checkpoints."""
        return self.path / _CHECKPOINTS

    @property
    def checkpoint_index(self) -> Path:
        """Return the list of the checkpoints, which names best and last."""
        return self.checkpoints / "index.json"

    def checkpoint_names(self) -> list[str]:
        """Return the names of the checkpoints that are there, in the order of training."""
        if not self.checkpoints.is_dir():
            return []
        names = [entry.name for entry in self.checkpoints.iterdir() if entry.is_dir()]
        ours = [n for n in names if checkpoint_position(n) and not n.startswith(TEMPORARY_PREFIX)]
        return sorted(ours, key=checkpoint_order)

    def checkpoint(self, name: str) -> "CheckpointPaths":
        """Return the paths of one checkpoint."""
        return CheckpointPaths(self.checkpoints / name)

    @property
    def tensorboard(self) -> Path:
        """Return the folder of the tensorboard logger."""
        return self.path / "tensorboard"

    @property
    def wandb(self) -> Path:
        """Return the folder of the wandb logger."""
        return self.path / "wandb"


@dataclass(frozen=True, slots=True)
class CheckpointPaths:
    """Give the path of each file of one checkpoint, also while it has a temporary name."""

    path: Path

    @property
    def record(self) -> Path:
        """Return the record: step, epoch, position, files and their digests."""
        return self.path / "checkpoint.json"

    @property
    def state(self) -> Path:
        """Return all state except tensors."""
        return self.path / "state.json"

    def part(self, name: str, shard: int = 0, rank: int | None = None) -> Path:
        """Return a part's tensors (a large part has several files), or one rank's rows of them."""
        rows = "" if rank is None else f".rank{rank}"
        number = f"-{shard}" if shard else ""
        return self.path / f"{name}{rows}{number}.safetensors"


@dataclass(frozen=True, slots=True)
class WorkDirPaths:
    """Give the path of each file of a work_dir outside of its runs."""

    path: Path

    @property
    def config(self) -> Path:
        """Return the base config, which every new run starts from."""
        return self.path / "config.json"

    @property
    def signature(self) -> Path:
        """Return who vouches for the import paths in the base config."""
        return self.path / "signature.json"

    @property
    def curves(self) -> Path:
        """Return what the learning curves of the newest comparison say."""
        return self.path / "curves.json"

    @property
    def curves_plot(self) -> Path:
        """Return these curves as a picture, where matplotlib is installed."""
        return self.path / "curves.png"

    @property
    def private(self) -> Path:
        """Return the hidden folder of STRIDE's own files."""
        return self.path / ".stride"

    @property
    def lock(self) -> Path:
        """Return the file that is locked while a run is claimed."""
        return self.private / "lock"

    @property
    def high_water(self) -> Path:
        """Return the record of the largest run number ever given."""
        return self.private / "high_water.json"

    @property
    def setups(self) -> Path:
        """Return the list of what runs were begun with, a line for each."""
        return self.private / "setups.jsonl"

    def token(self, name: str) -> Path:
        """Return a file by which processes find out that they see the same work_dir."""
        return self.private / f"{TEMPORARY_PREFIX}seen-{name}"

    def replaced(self, name: str, token: str) -> Path:
        """Return where a run that --force replaces waits for its removal."""
        return self.private / f"replaced-{token}-{name}"

    @property
    def trash(self) -> Path:
        """Return the folder of the runs that were thrown away and can come back."""
        return self.private / "trash"

    def trashed(self, name: str, moment: float, token: str) -> Path:
        """Return where a run is that was thrown away at a moment, in Unix seconds."""
        return self.trash / f"{moment * 1000:.0f}-{token}-{name}"

    def run(self, name: str) -> RunPaths:
        """Return the paths of the run of that name."""
        return RunPaths(self.path / name)


def home_of(file: str) -> str:
    """Return the folder that no link on the way to a run's file may lead out of.

    It is the run folder; of a file of a checkpoint the folder of checkpoints, which may itself be
    a link to another disk.
    """
    folder = os.path.dirname(file)
    above, name = os.path.split(folder)
    if name in _FOLDERS:
        return above
    if os.path.basename(above) == _CHECKPOINTS and checkpoint_position(name):
        return above
    return folder


def is_file_name(name: str) -> bool:
    """Tell whether a name in a record is that of a file or folder, and does not lead elsewhere."""
    return name not in ("", ".", "..") and not {*name} & {"/", "\\", "\0"}


def rank_of_rows(file_name: str) -> int | None:
    """Return whose rows of divided tensors a file holds, None where it holds whole ones."""
    return int(match[1]) if (match := _ROWS.fullmatch(file_name)) else None


def is_number(name: str) -> bool:
    """Tell whether a run's name is a run number as STRIDE writes it (no leading zeros)."""
    return _NUMBER.fullmatch(name) is not None


def segment_number(file_name: str) -> int | None:
    """Return the number of a segment's record, or None for any other file."""
    match = _SEGMENT.fullmatch(file_name)
    return int(match[1]) if match else None


def staging_number(file_name: str) -> int | None:
    """Return whose segment's `RunPaths.staging` a folder is, or None for any other file."""
    match = _STAGING.fullmatch(file_name)
    return int(match[1]) if match else None


def replaced_name(file_name: str) -> str | None:
    """Return the run's name out of `WorkDirPaths.replaced`, or None for any other file."""
    word, _, rest = file_name.partition("-")
    return rest.partition("-")[2] or None if word == "replaced" else None


def trashed_run(file_name: str) -> tuple[str, float] | None:
    """Return name and moment out of `WorkDirPaths.trashed`, or None for any other file."""
    match = _TRASHED.fullmatch(file_name)
    return (match[2], int(match[1]) / 1000) if match else None


def checkpoint_name(
    architecture: str, dataset: str, experiment: str, epoch: int, step: int | None = None
) -> str:
    """Build a checkpoint's folder name, lower case and safe on every file system.

    Args:
        architecture: name or import path of the network.
        dataset: name or import path of the dataset.
        experiment: the experiment's name.
        epoch: completed epochs.
        step: optimiser updates done, for a checkpoint inside an epoch.
    """
    parts = "_".join(_sanitised(part) for part in (architecture, dataset, experiment))
    inside = "" if step is None else f"_step_{step}"
    return f"{parts}_epoch_{epoch}{inside}"


def checkpoint_position(name: str) -> tuple[int, int | None] | None:
    """Return (epoch, step) of a checkpoint's folder name, or None where it is none.

    The step is None for a checkpoint at the end of an epoch.
    """
    match = _CHECKPOINT.fullmatch(name)
    if match is None:
        return None
    return int(match[1]), int(match[2]) if match[2] else None


def checkpoint_order(name: str) -> tuple[int, int, str]:
    """Return a sorting key that puts checkpoints in the order of training.

    The end of epoch 3 comes before any step inside the epoch that follows it. What is no
    checkpoint comes first.
    """
    epoch, step = checkpoint_position(name) or (-1, None)
    return epoch, -1 if step is None else step, name


def artifact_name(name: str, step: int, content: bytes, suffix: str) -> str:
    """Build an artifact's file name, which other content, or another name, never has.

    So a file is never written over, and what a resume does again finds the same name.

    Args:
        name: under which it was logged.
        step: optimiser updates done.
        content: of the file.
        suffix: as `.png`.
    """
    digest = hashlib.sha256(name.encode() + b"\0" + content).hexdigest()
    return f"{_sanitised(name)}-{step:08d}-{digest[:12]}{suffix}"


def _sanitised(part: str) -> str:
    """Return the last name of an import path, in the characters that a folder may have."""
    plain = unicodedata.normalize("NFKD", part.rpartition(":")[2]).lower()
    ascii_only = plain.encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9_.]+", "-", ascii_only).strip("-._")[:_PART_LENGTH] or "unnamed"
