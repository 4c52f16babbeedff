"""Name the files of a run folder."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from stride.runs.layout.checkpoint import CheckpointPaths, checkpoint_order, checkpoint_position
from stride.runs.layout.names import TEMPORARY_PREFIX, is_number, sanitised
from stride.runs.layout.overview import OverviewPaths

_SEGMENT = re.compile(r"(0|[1-9][0-9]*)\.json")
_STAGING = re.compile(re.escape(TEMPORARY_PREFIX) + r"(0|[1-9][0-9]*)-[0-9a-f]{16}")
_CHECKPOINTS = "checkpoints"
_ARTIFACTS = "artifacts"
_MILESTONES = "milestones"
_EVALUATIONS = "evaluations"
_REPLAY = "replay"
_FOLDERS = frozenset(
    {"segments", "logs", "origin", "frozen", _ARTIFACTS, _MILESTONES, _EVALUATIONS}
)


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
    def errors_csv(self) -> Path:
        """Return the errors of a reconstruction after each epoch, as a table."""
        return self.path / "errors.csv"

    @property
    def reconstruction(self) -> Path:
        """Return what the final model of a reconstruction makes of each split."""
        return self.path / "reconstruction.json"

    @property
    def examples(self) -> Path:
        """Return the telling samples of each split, and what each milestone makes of them."""
        return self.path / "examples.safetensors"

    @property
    def milestones(self) -> Path:
        """Return the folder of the milestones: weights and errors of some epochs."""
        return self.path / _MILESTONES

    def milestone(self, epoch: int) -> Path:
        """Return the weights after an epoch; 0 is the untrained model."""
        return self.milestones / f"epoch_{epoch}.safetensors"

    def milestone_errors(self, epoch: int) -> Path:
        """Return the error of each sample after an epoch."""
        return self.milestones / f"epoch_{epoch}_errors.safetensors"

    @property
    def final_errors(self) -> Path:
        """Return the error of each sample by the final model."""
        return self.milestones / "final_errors.safetensors"

    @property
    def overview(self) -> OverviewPaths:
        """Return the pictures of a reconstruction, and the page that holds them."""
        folder = self.path / "overview"
        return OverviewPaths(folder, folder / "overview.html")

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
    def videos(self) -> Path:
        """Return the folder of films of episodes."""
        return self.path / "videos"

    def video(self, split: str, environment: str) -> Path:
        """Return the film of an episode of a further environment; "" is the training's own."""
        name = f"{split}-{sanitised(environment)}" if environment else split
        return self.videos / f"{name}.mp4"

    @property
    def evaluations(self) -> Path:
        """Return the stream of what checkpoints were evaluated to beside the training."""
        return self.path / f"{_EVALUATIONS}.jsonl"

    @property
    def evaluations_lock(self) -> Path:
        """Return the file that is locked while a process evaluates the run's checkpoints."""
        return self.path / f".{_EVALUATIONS}.jsonl.lock"

    @property
    def best_evaluated(self) -> Path:
        """Return the best weights by these evaluations."""
        return self.path / _EVALUATIONS / "best.safetensors"

    @property
    def next_evaluated(self) -> Path:
        """Return the weights that take that place once the row is written which says so."""
        return self.path / _EVALUATIONS / "next.safetensors"

    @property
    def evaluator_log(self) -> Path:
        """Return what the process has printed that evaluates beside the training."""
        return self.logs / "evaluator.log"

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
    def origin(self) -> CheckpointPaths:
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
        try:
            names = [entry.name for entry in self.checkpoints.iterdir() if entry.is_dir()]
        except (FileNotFoundError, NotADirectoryError):
            return []
        ours = [n for n in names if checkpoint_position(n) and not n.startswith(TEMPORARY_PREFIX)]
        return sorted(ours, key=checkpoint_order)

    def checkpoint(self, name: str) -> CheckpointPaths:
        """Return the paths of one checkpoint."""
        return CheckpointPaths(self.checkpoints / name)

    @property
    def replay(self) -> Path:
        """Return the folder of the files that a replay buffer has its rows in."""
        return self.path / _REPLAY

    def replay_of(self, n: int) -> Path:
        """Return the folder of those files that segment n writes."""
        return self.replay / str(n)

    def replay_segments(self) -> list[int]:
        """Return the numbers of the segments that have such files, the newest last."""
        try:
            names = os.listdir(self.replay)
        except (FileNotFoundError, NotADirectoryError):
            return []
        return sorted(int(name) for name in names if is_number(name))

    @property
    def tensorboard(self) -> Path:
        """Return the folder of the tensorboard logger."""
        return self.path / "tensorboard"

    @property
    def wandb(self) -> Path:
        """Return the folder of the wandb logger."""
        return self.path / "wandb"


def home_of(file: str) -> str:
    """Return the folder that no link on the way to a run's file may lead out of.

    It is the run folder; of a file of a checkpoint the folder of checkpoints, which may itself be
    a link to another disk.
    """
    folder = os.path.dirname(file)
    above, name = os.path.split(folder)
    if name in _FOLDERS:
        return above
    if os.path.basename(above) == _REPLAY and is_number(name):
        return os.path.dirname(above)
    if os.path.basename(above) == _CHECKPOINTS and checkpoint_position(name):
        return above
    return folder


def segment_number(file_name: str) -> int | None:
    """Return the number of a segment's record, or None for any other file."""
    match = _SEGMENT.fullmatch(file_name)
    return int(match[1]) if match else None


def staging_number(file_name: str) -> int | None:
    """Return whose segment's `RunPaths.staging` a folder is, or None for any other file."""
    match = _STAGING.fullmatch(file_name)
    return int(match[1]) if match else None
