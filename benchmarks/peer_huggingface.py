"""The MLP by Hugging Face: the Accelerate library, and the Trainer of transformers."""

import time
from pathlib import Path
from typing import Any

from torch import Tensor, nn
from torch.optim import AdamW
from torch.optim.lr_scheduler import ConstantLR
from torch.utils.data import Dataset

from benchmarks.loops import EpochSampler, Outcome, data_loader
from benchmarks.tasks import LOG_INTERVAL, Task


def accelerated(task: Task, folder: Path) -> Outcome:
    """Train by the raw loop as Accelerate's guide changes it."""
    from accelerate import Accelerator  # type: ignore[import-not-found, unused-ignore]

    accelerator = Accelerator(cpu=True)
    loader, plain, criterion = data_loader(task), task.network(), nn.CrossEntropyLoss()
    sampler = loader.sampler
    network, optimizer, batches = accelerator.prepare(plain, AdamW(plain.parameters()), loader)
    start = time.process_time()
    step = 0
    for epoch in range(task.epochs):
        sampler.set_epoch(epoch)  # type: ignore[attr-defined]
        for inputs, targets in batches:
            optimizer.zero_grad()
            loss = criterion(network(inputs), targets)
            accelerator.backward(loss)
            optimizer.step()
            step += 1
            if step % LOG_INTERVAL == 0:
                loss.item()
    return Outcome(time.process_time() - start, plain)


class Rows(Dataset[dict[str, Tensor]]):
    """The samples as dicts, which the Trainer wants."""

    def __init__(self, task: Task) -> None:
        self._task = task

    def __len__(self) -> int:
        return len(self._task.inputs)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        return {"inputs": self._task.inputs[index], "labels": self._task.targets[index]}


class WithLoss(nn.Module):
    """The network with its loss, as the Trainer wants it."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self.criterion = nn.CrossEntropyLoss()

    def forward(self, inputs: Tensor, labels: Tensor) -> dict[str, Tensor]:
        """Return the loss and the outputs."""
        outputs = self.network(inputs)
        return {"loss": self.criterion(outputs, labels), "logits": outputs}


def hf_trainer(task: Task, folder: Path) -> Outcome:
    """Train by the Trainer, without checkpoints and reports to other services."""
    import transformers  # type: ignore[import-not-found, unused-ignore]

    class Clock(transformers.TrainerCallback):  # type: ignore[misc, unused-ignore]
        """Take the CPU time from the first epoch to the end of the last."""

        def on_train_begin(self, *_: Any, **__: Any) -> None:
            """Start."""
            self.start = time.process_time()

        def on_train_end(self, *_: Any, **__: Any) -> None:
            """Stop."""
            self.seconds = time.process_time() - self.start

    class Ordered(transformers.Trainer):  # type: ignore[misc, unused-ignore]
        """Draw the samples in the known order."""

        def _get_train_sampler(self, *_: Any) -> EpochSampler:
            return EpochSampler(task.order)

    clock, model = Clock(), WithLoss(task.network())
    optimizer = AdamW(model.parameters())
    arguments = transformers.TrainingArguments(
        output_dir=str(folder / "hf"),
        use_cpu=True,
        report_to="none",
        num_train_epochs=task.epochs,
        per_device_train_batch_size=task.batch_size,
        logging_steps=LOG_INTERVAL,
        save_strategy="no",
        max_grad_norm=0.0,
    )
    Ordered(
        model=model,
        args=arguments,
        train_dataset=Rows(task),
        callbacks=[clock],
        optimizers=(optimizer, ConstantLR(optimizer, factor=1.0)),
    ).train()
    return Outcome(clock.seconds, model.network)
