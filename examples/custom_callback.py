"""Log a number in every step, and stop by a rule of your own.

Run it: `python custom_callback.py [WORK_DIR]`. On the command line the same callback goes by its
import path, typed in this folder:

    stride --config work_dir=W --config 'training_config.callbacks=["custom_callback:GoodEnough"]'
"""

import sys

from stride import Callback, Step, Trainer, TrainerLike, load_run


class GoodEnough(Callback):
    """Record each batch's loss, and end the training at a validation accuracy that suffices."""

    def __init__(self, accuracy: float = 0.97) -> None:
        self.accuracy = accuracy

    def after_step(self, trainer: TrainerLike, step: Step) -> None:
        """Log the loss as the tensor that it is: the step does not wait for the device."""
        trainer.log("train/batch_loss", step.loss)

    def after_evaluate(self, trainer: TrainerLike, metrics: dict[str, float]) -> None:
        """Add a metric of our own, and ask for the end when the rule is met."""
        reached = metrics["validation/epoch_accuracy"]
        metrics["validation/missing_accuracy"] = max(0.0, self.accuracy - reached)
        if reached >= self.accuracy:
            trainer.stop(f"validation accuracy {reached:.3f} is good enough", status="done")


def main(work_dir: str) -> None:
    """Train one run with the callback and show what it left in the folder."""
    trainer = Trainer(work_dir, callbacks=[GoodEnough()], training_config={"max_epochs": 30})
    trainer.fit()
    run = load_run(trainer.run.paths.path)
    rows = run.metrics()
    batch_losses = [row["train/batch_loss"] for row in rows if "train/batch_loss" in row]
    print(f"{run.state}: {run.reason}")
    print(f"{len(batch_losses)} steps, batch loss {batch_losses[0]:.3f} to {batch_losses[-1]:.3f}")


if __name__ == "__main__":
    main(sys.argv[1] if sys.argv[1:] else "work_dirs/callback")
