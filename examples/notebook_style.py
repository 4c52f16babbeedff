"""Train, read back and compare, cell by cell, as in a notebook.

Editors that know percent cells run this file cell by cell; `python notebook_style.py` runs it
whole. Give a work_dir as the first argument to keep the runs elsewhere.
"""

# %% One experiment: a work_dir, and what its runs have in common.
import sys

from stride import StrideError, Trainer, load_run

work_dir = sys.argv[1] if sys.argv[1:] else "work_dirs/notebook"
trainer = Trainer(
    work_dir=work_dir,
    load_data_kwargs={"batch_size": 128},
    model_kwargs={"model_name": "MLP", "hidden": [64]},
    training_config={"max_epochs": 5},
    logging_config={"terminal_display": "off"},
)

# %% Two runs: as it is, and with one change.
for overrides in ({}, {"optimizer_kwargs.lr": 1e-2}):
    best = trainer.fit(overrides)
    print(f"run {trainer.run.name}: best validation loss {best:.4f}")

# %% Read a run back. This needs the folder only; it could have been trained anywhere.
run = load_run(work_dir, "latest")
print(run)
print("learning rate:", run.config.optimizer_kwargs.lr)
print("test accuracy:", round(run.results["test"]["test/accuracy"], 4))

# %% Its metrics: a list of dicts, or a data frame of its epochs where pandas is installed.
rows = run.metrics()
losses = [row["validation/epoch_loss"] for row in rows if "validation/epoch_loss" in row]
print("validation loss by epoch:", [round(loss, 3) for loss in losses])
try:
    frame = run.metrics(frame=True)
    print(frame[["epoch", "train/epoch_loss", "validation/epoch_loss"]].to_string())
except StrideError as error:
    print(error)  # pandas is not installed, and how to install it

# %% Its network, with the best weights, in evaluation mode, on the CPU.
inputs, targets = next(iter(trainer.data.test_loader))
hits = run.model(inputs).argmax(dim=1) == targets
print(f"{int(hits.sum())} of {len(hits)} digits of one test batch are right")
