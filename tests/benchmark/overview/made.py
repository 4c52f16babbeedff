"""Reconstruction runs as they lie, made without a training."""

import csv
from dataclasses import dataclass

import numpy as np
from safetensors.numpy import save_file

from stride.config import resolve_layers
from stride.metrics.detection import detection_scores
from stride.runs.files.atomic import atomic_json
from stride.runs.layout import RunPaths
from stride.runs.records.reconstruction import ReconstructionRecord
from stride.runs.run import Run
from stride.runs.writer import RunWriter

SPLITS = ("train", "val", "test")
ERRORS = ("l1", "l2", "max")
QUANTILES = (0, 0.25, 0.5, 0.75, 0.95, 0.99, 1)
KINDS = ("worst", "best", "average")
POINTS = 60


@dataclass(frozen=True)
class Made:
    """What a run is to have recorded.

    Attributes:
        epochs: that it was trained for.
        channels: of a sample.
        samples: of a split.
        labels: whether there are labels.
        examples: of each kind and split.
        shown: the splits that have examples.
        every: epochs between milestones.
        state: how the run ended; "running" of one that has not.
        errors: their names.
        note: of the user.
    """

    epochs: int = 4
    channels: int = 1
    samples: int = 40
    labels: bool = True
    examples: int = 2
    shown: tuple[str, ...] = SPLITS
    every: int = 2
    state: str = "done"
    errors: tuple[str, ...] = ERRORS
    note: str = ""

    @property
    def milestones(self) -> list[int]:
        return [*range(0, self.epochs + 1, self.every)]


def make_reconstruction(work_dir, made=None, *, name=None, **overrides) -> RunPaths:
    """Make a run in a work_dir; return its paths. Its writer lives on where it is running."""
    made = made or Made()
    settings = {"dataset_kwargs.dataset_name": "sines", "model_kwargs.model_name": "FeedForwardAE"}
    given = {"trainer": "reconstruction", **settings, **overrides}
    resolved = resolve_layers(work_dir=str(work_dir), overrides=given)
    provenance = {
        "command": ["stride", "train", "-w", str(work_dir), "trainer=reconstruction"],
        "overrides": [f"{key}={value}" for key, value in given.items()],
        "origins": resolved.origins,
    }
    writer = RunWriter.start(
        work_dir, name, config=resolved.config.to_json(), provenance=provenance
    )
    writer.status("running")
    write_records(writer.paths, made)
    if made.note:
        Run(writer.paths.path).set_note(made.note)
    if made.state != "running":
        writer.commit(writer.paths.results, _results(made))
        writer.close(made.state)
    return writer.paths


def _results(made):
    """Return what results.json says: the more channels, the worse."""
    last = {"step": 10 * made.epochs, "epoch": made.epochs, "validation/epoch_loss": 0.1}
    test = {"test/l1": 0.1 * made.channels}
    test |= {"test/roc_auc": 1 / (1 + made.channels)} if made.labels else {}
    monitor = {"metric": "validation/epoch_loss", "mode": "min", "value": 0.1}
    return {"format_version": 1, "best": last, "last": last, "test": test, "monitor": monitor}


def write_records(paths: RunPaths, made: Made) -> None:
    """Write errors.csv, milestones, and of a run that is done its final record and examples."""
    draw = np.random.default_rng(made.epochs + made.channels)
    flags = {split: _flags(draw, made, split) for split in SPLITS}
    base = {
        split: draw.gamma(4, 0.05, made.samples) + 0.6 * flags[split].any(1) for split in SPLITS
    }
    errors = {epoch: _errors(base, epoch, made) for epoch in range(made.epochs + 1)}
    _write_csv(paths, made, errors, flags)
    paths.milestones.mkdir()
    for epoch in made.milestones:
        save_file(errors[epoch], paths.milestone_errors(epoch))
    if made.state != "running":
        final = {**errors[made.epochs], **_curves(errors[made.epochs], flags, made)}
        save_file(final, paths.final_errors)
        write_final(paths, made, errors[made.epochs], flags, draw)


def _flags(draw, made, split):
    flags = np.zeros((made.samples, POINTS), bool)
    if made.labels and split == "test":
        for number in range(0, made.samples, 7):
            start = int(draw.integers(5, POINTS - 15))
            flags[number, start : start + 10] = True
    return flags


def _errors(base, epoch, made):
    shrink = 0.15 + np.exp(-epoch / 6)
    return {
        f"{split}/{error}": (one * shrink * (1 + place)).astype(np.float32)
        for split, one in base.items()
        for place, error in enumerate(made.errors)
    }


def _curves(errors, flags, made):
    if not made.labels:
        return {}
    anomalous = flags["test"].any(1)
    order = np.argsort(-errors[f"test/{made.errors[0]}"])
    curve = [np.cumsum(wanted[order]) / wanted.sum() for wanted in (~anomalous, anomalous)]
    curve = np.concatenate([np.zeros((2, 1)), curve], axis=1)
    return {"test/anomalous": anomalous, "test/roc/snippets": curve, "test/roc/points": curve**0.8}


def _write_csv(paths, made, errors, flags):
    rows = []
    for epoch, found in errors.items():
        row = {"epoch": epoch, "step": 10 * epoch, "swapped": int(epoch % 3 == 2)}
        row |= {"cpu_seconds": 0.4 + 1.7 * epoch, "wall_seconds": 0.5 + 2.0 * epoch}
        for split in SPLITS:
            for error in made.errors:
                values = found[f"{split}/{error}"]
                row |= {f"{split}/{error}": values.mean(), f"{split}/{error}_std": values.std()}
            known = made.labels and split == "test"
            for place, unit in enumerate(("", "snippet_")):
                area = 0.95 - 0.4 * np.exp(-(1 + epoch) / 5) - 0.05 * place
                row[f"{split}/{unit}roc_auc"] = area if known else ""
                row[f"{split}/{unit}pr_auc"] = area - 0.3 if known else ""
        rows.append(row)
    with open(paths.errors_csv, "w", newline="") as file:
        table = csv.DictWriter(file, rows[0], lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


def write_final(paths, made, errors, flags, draw):
    """Write reconstruction.json and examples.safetensors."""
    splits, tensors = {}, {}
    for split in SPLITS:
        score = errors[f"{split}/{made.errors[0]}"].astype(float)
        chosen = _chosen(score, made.examples if split in made.shown else 0)
        splits[split] = {
            "samples": made.samples,
            "labelled": made.labels,
            "errors": {error: _summary(errors[f"{split}/{error}"]) for error in made.errors},
            "detection": _detection(score, flags[split]) if flags[split].any() else [],
            "examples": [
                {
                    "kind": kind,
                    "number": n,
                    "error": score[n],
                    "rank": int((score > score[n]).sum()),
                }
                for kind, numbers in chosen.items()
                for n in numbers
            ],
        }
        numbers = [n for some in chosen.values() for n in some]
        tensors |= _examples(split, numbers, flags[split], made, draw) if numbers else {}
    checks = {"labels_moved_scores": False if made.labels else None, "output": "varied"}
    known = {"epoch": made.epochs, "history": "swap", "score": made.errors[0]}
    known |= {"point_score": "point", "milestones": made.milestones, "checks": checks}
    record = ReconstructionRecord.model_validate({**known, "splits": splits})
    atomic_json(paths.reconstruction, record.to_json())
    save_file(tensors, paths.examples)


def _chosen(score, number):
    order = np.argsort(-score)
    middle = np.argsort(np.abs(score - score.mean()))
    kinds = zip(KINDS, (order, order[::-1], middle), strict=True)
    return {kind: [int(n) for n in numbers[:number]] for kind, numbers in kinds}


def _summary(values):
    quantiles = {f"{share:g}": float(np.quantile(values, share)) for share in QUANTILES}
    return {"mean": float(values.mean()), "deviation": float(values.std()), "quantiles": quantiles}


def _detection(score, flags):
    points = np.repeat(score, 5), np.repeat(flags.any(1), 5)
    found = {
        "snippets": detection_scores(score, flags.any(1), unit="snippet", resamples=20),
        "series": detection_scores(*points, inputs=np.sin(np.arange(len(points[0]))), resamples=20),
    }
    return [
        {
            "of": of,
            "sets": 1,
            "values": {row: one.values(row) for row in one.rows},
            "scores": [one.to_json()],
        }
        for of, one in found.items()
    ]


def _examples(split, numbers, flags, made, draw):
    shape = (len(numbers), made.channels, POINTS)
    phase = np.arange(POINTS) / 5 + draw.uniform(0, 6, (*shape[:2], 1))
    size = 1 + np.arange(made.channels)[:, None]
    clean = (np.sin(phase) * size).astype(np.float32)
    noisy = clean + 0.8 * size * flags[numbers][:, None] * np.sin(3 * phase)
    outputs = {str(n): clean * np.float32(1 - 0.9 * np.exp(-n / 8)) for n in made.milestones}
    found = {f"{split}/outputs/{n}": one.astype(np.float32) for n, one in outputs.items()}
    found |= {f"{split}/outputs/final": (clean * 0.97).astype(np.float32)}
    found |= {f"{split}/numbers": np.array(numbers), f"{split}/inputs": noisy.astype(np.float32)}
    return found | ({f"{split}/labels": flags[numbers]} if made.labels else {})
