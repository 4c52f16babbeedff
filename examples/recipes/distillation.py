"""Distillation: a small network learns from a larger one that has been trained before."""

from torch import nn
from torch.nn import functional

from stride import Step, Trainer

FEW = {"subsample_rate": 0.3}  # of the digits


class Student(nn.Module):
    def __init__(self, in_features: int, width: int = 8, heat: float = 2.0):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Flatten(), nn.Linear(in_features, width), nn.ReLU(), nn.Linear(width, 10)
        )
        self.heat = heat

    def forward(self, inputs):
        return self.layers(inputs)

    def training_step(self, batch):
        inputs, targets = batch
        outputs, taught = self(inputs), self.frozen["teacher"](inputs)
        soft = functional.kl_div(
            (outputs / self.heat).log_softmax(1),
            (taught / self.heat).softmax(1),
            reduction="batchmean",
        )
        hard = functional.cross_entropy(outputs, targets)
        values = {"soft": soft, "hard": hard}
        return Step(self.heat**2 * soft + hard, len(inputs), outputs, targets, values=values)

    def evaluation_step(self, batch):
        inputs, targets = batch
        outputs = self(inputs)
        return Step(functional.cross_entropy(outputs, targets), len(inputs), outputs, targets)


def teach(work_dir, **more):
    Trainer(work_dir, dataset_kwargs=FEW, training_config={"max_epochs": 2}, **more).fit()


def learn(work_dir, **more):
    Trainer(
        work_dir,
        dataset_kwargs=FEW,
        model_kwargs={"model_name": Student},
        frozen={"teacher": f"{work_dir}/0"},  # its best weights, copied into the run
        training_config={"max_epochs": 2},
        **more,
    ).fit()


if __name__ == "__main__":
    teach("work_dirs/distillation")
    learn("work_dirs/distillation")
