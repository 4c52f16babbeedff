"""Train a network, and train it on when samples come from the edge: python datacentre.py FOLDER"""

import sys
from pathlib import Path

import torch
from domains import MODEL, known
from exchange import receive, send
from torch import Tensor

from stride import Trainer, load_run
from stride.active.calibration.temperature import fit_temperature


def train(folder: Path, samples: dict[str, Tensor], number: int) -> dict[str, Tensor]:
    """Train a run on these samples, from the weights of the one before; return its weights."""
    send(folder / "data", f"{number}.safetensors", samples)
    trainer = Trainer(
        folder / "runs",
        dataset_kwargs={
            "dataset_name": "arrays",
            "path": str(folder / "data" / f"{number}.safetensors"),
            "val_fraction": 0.3,
            "test_fraction": 0.0,
        },
        model_kwargs={
            "model_name": "MLP",
            "init_from": str(folder / "runs" / str(number - 1)) if number else None,
            **MODEL,
        },
        optimizer_kwargs={"lr": 0.005},
        training_config={"max_epochs": 25},
        logging_config={"terminal_display": "off"},
    )
    trainer.fit()
    temperature = fit_temperature(trainer.model, trainer.data.val_loader)
    accuracy = load_run(folder / "runs", number).results["best"]["validation/epoch_accuracy"]
    said = f"run {number} is trained on {len(samples['inputs'])} samples"
    print(f"datacentre: {said}, validation accuracy {accuracy:.2f}, temperature {temperature:.2f}")
    return {**trainer.model.network.state_dict(), "temperature": torch.tensor(temperature)}


def main(folder: Path) -> None:
    """Send first weights, then new ones for each request, until the edge is finished."""
    samples, number = known(), 0
    while True:
        weights = train(folder / "datacentre", samples, number)
        send(folder / "to_edge", f"weights-{number}", weights)
        number += 1
        name, new = receive(folder / "to_datacentre", f"request-{number}", "finished")
        if name == "finished":
            break
        print(f"datacentre: {len(new['inputs'])} samples have come")
        samples = {key: torch.cat([samples[key], new[key]]) for key in samples}
    print(f"datacentre: done after {number} runs")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
