"""Record runs with the tools themselves; what they wrote lies in `recorded/`.

Recorded with torch 2.13.0, tensorboard 2.21.0, tensorboardX 2.6.5, lightning 2.6.6 and wandb 0.31.0
by Python 3.11, in an environment of its own: the tests need none of them. Say in which folder:

    python tests/exchange/imports/record_fixtures.py recorded

Names of files that tell the host and the moment are replaced; no byte inside is changed.
"""

import math
import os
import shutil
import sys
from pathlib import Path
from tempfile import mkdtemp
from unittest.mock import patch

NUMBERS = [0.1, -0.0, math.nan, math.inf, -math.inf, 1e-45, 16777217.0, 3.4028234663852886e38]
"""Recorded at steps 0, 10, 20, ...: the float32 next to each is what TensorBoard keeps."""


def main(out: Path) -> None:
    """Record all runs."""
    out.mkdir(parents=True)
    for record in (_torch, _tensorboardx, _tensorboard, _lightning, _wandb):
        work = Path(mkdtemp(dir="/tmp", prefix="recorded-"))
        os.chdir(work)
        with patch("socket.gethostname", return_value="recorder"):
            record(work, out)
        shutil.rmtree(work)


def _events(source: Path, target: Path) -> None:
    """Copy files of events under names that tell neither host nor moment, in their order."""
    target.mkdir(parents=True, exist_ok=True)
    for n, path in enumerate(sorted(source.glob("events.*"))):
        shutil.copy(path, target / f"events.out.tfevents.{n}.recorder")


def _torch(work: Path, out: Path) -> None:
    """A training that was killed and began again at step 50, with hyperparameters."""
    import torch
    from torch.utils.tensorboard import SummaryWriter

    with SummaryWriter(str(work / "a")) as writer:
        for n, number in enumerate(NUMBERS):
            writer.add_scalar("Loss/train", number, 10 * n)
            writer.add_scalar("val_loss", number / 2, 10 * n)
        writer.add_text("words", "some text", 0)
        writer.add_histogram("weights", torch.zeros(2), 0, bins=2)
    with SummaryWriter(str(work / "b"), purge_step=50) as writer:
        writer.add_scalar("val_loss", 0.25, 50)
        settings = {"lr": 0.1, "seed": 3, "net": "CNN", "fast": True}
        writer.add_hparams(settings, {"best": 0.5}, run_name=".")
    _events(work / "a", out / "tensorboard" / "torch")
    second = out / "tensorboard" / "torch"
    for n, path in enumerate(sorted((work / "b").glob("events.*")), 1):
        shutil.copy(path, second / f"events.out.tfevents.{n}.recorder")


def _tensorboardx(work: Path, out: Path) -> None:
    from tensorboardX import SummaryWriter

    with SummaryWriter(str(work / "a")) as writer:
        for n, number in enumerate(NUMBERS):
            writer.add_scalar("loss", number, 10 * n, walltime=1.7e9 + n / 8)
    _events(work / "a", out / "tensorboard" / "tensorboardX")


def _tensorboard(work: Path, out: Path) -> None:
    """TensorBoard's own writer, as TensorFlow's: each scalar is a tensor."""
    import numpy as np
    from tensorboard.compat.proto import event_pb2, summary_pb2
    from tensorboard.plugins.scalar.metadata import create_summary_metadata
    from tensorboard.summary.writer.event_file_writer import EventFileWriter
    from tensorboard.util.tensor_util import make_tensor_proto

    writer = EventFileWriter(str(work / "a"))
    kinds = [np.float32, np.float64, np.float16, np.int32, np.int64, np.uint8]
    for n, kind in enumerate(kinds):
        metadata = create_summary_metadata(kind.__name__, "") if n < 6 else None
        value = summary_pb2.Summary.Value(
            tag=kind.__name__, tensor=make_tensor_proto(kind(7.1)), metadata=metadata
        )
        summary = summary_pb2.Summary(value=[value])
        writer.add_event(event_pb2.Event(wall_time=1.7e9 + n, step=n, summary=summary))
    writer.close()
    _events(work / "a", out / "tensorboard" / "tensors")


def _lightning(work: Path, out: Path) -> None:
    """Two epochs by the CSV logger, W&B's and that of TensorBoard, of one model."""
    import lightning
    import torch
    from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger

    class Line(lightning.LightningModule):
        def __init__(self, lr: float, seed: int, sizes: tuple[int, ...], kind: object) -> None:
            super().__init__()
            self.save_hyperparameters()
            self.line = torch.nn.Linear(1, 1)

        def training_step(self, batch):
            loss = self.line(batch[0]).square().mean()
            self.log("train_loss", loss, on_step=True, on_epoch=True)
            self.log("bad", float("nan"))
            return loss

        def validation_step(self, batch):
            self.log("val_loss", self.line(batch[0]).square().mean())

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), lr=self.hparams.lr)

    lightning.seed_everything(3)
    data = torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(torch.arange(8.0)[:, None]), batch_size=2
    )
    loggers = [CSVLogger(work, "csv", version=0), TensorBoardLogger(work, "events", version=0)]
    trainer = lightning.Trainer(
        max_epochs=2,
        logger=loggers,
        log_every_n_steps=2,
        accelerator="cpu",
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=work,
    )
    model = Line(0.0625, 3, (8, 8), torch.float32)
    trainer.fit(model, data, data)
    shutil.copytree(work / "csv" / "version_0", out / "lightning" / "version_0")
    _events(work / "events" / "version_0", out / "tensorboard" / "lightning")
    shutil.copy(work / "events" / "version_0" / "hparams.yaml", out / "tensorboard" / "lightning")


def _wandb(work: Path, out: Path) -> None:
    """A run of which some metrics have an axis of their own, and one that has one for all."""
    import wandb

    settings = dict(mode="offline", console="off", silent=True, host="recorder")
    settings |= dict.fromkeys(
        ("x_disable_stats", "x_disable_meta", "x_disable_machine_info", "disable_git"), True
    )

    def begin(key: str, **given: object):
        quiet = wandb.Settings(**settings)
        return wandb.init(dir=str(work), project="digits", id=key, settings=quiet, **given)

    config = {"lr": 0.1, "seed": 3, "net": {"width": 64, "sizes": [3, 3]}, "big": 2**60, "no": None}
    run = begin(
        "axes", name="calm-tree", tags=["First", "two words"], notes="a note", config=config
    )
    run.define_metric("epoch")
    run.define_metric("validation/*", step_metric="tokens")
    for n, number in enumerate(NUMBERS[:5]):
        run.log({"loss": number, "n": n, "deep": {"a": 2.5}, "text": "x", "truth": True})
        run.log({"validation/loss": number, "tokens": 1000 * n + 0.5, "epoch": n // 2})
    run.log({"weights": wandb.Histogram([1.0, 2.0], num_bins=2)})
    run.config.update({"lr": 0.2}, allow_val_change=True)
    run.finish()
    run = begin("steps", name="by-steps", config={"lr": 1})
    run.define_metric("trainer/global_step")
    run.define_metric("*", step_metric="trainer/global_step", step_sync=True)
    for n in range(3):
        run.log({"train_loss": 1 / (n + 1), "trainer/global_step": 50 * n, "epoch": n})
        run.log({"val_loss": 2 / (n + 1), "trainer/global_step": 50 * n, "epoch": n})
    run.finish(exit_code=1)
    (out / "wandb").mkdir()
    for path in work.glob("wandb/offline-run-*/run-*.wandb"):
        folder = out / "wandb" / f"offline-run-{path.stem.removeprefix('run-')}"
        folder.mkdir()
        shutil.copy(path, folder / path.name)


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute())
