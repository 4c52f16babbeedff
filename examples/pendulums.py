"""A kind of training of one's own: a simulator makes its batches. Usage: [WORK_DIR]."""

import sys

import torch

from stride import Kind, Trainer


def swing(states):
    """Return angle and speed of each pendulum a tenth of a second later."""
    angle, speed = states.unbind(1)
    for _ in range(10):
        speed = speed - 0.01 * 9.81 * torch.sin(angle)
        angle = angle + 0.01 * speed
    return torch.stack([angle, speed], dim=1)


class Simulator:
    """Pendulums that swing on from batch to batch; in each, one of ten is pushed anew."""

    batch_size, batches = 64, 40

    def __init__(self, seed):
        self.random, self.given = torch.Generator().manual_seed(seed), 0
        self.states = self.pushed()

    def pushed(self):
        return torch.randn(self.batch_size, 2, generator=self.random)

    def __len__(self):
        return self.batches

    def __iter__(self):
        while self.given < self.batches:
            before, after = self.states, swing(self.states)
            again = torch.rand(self.batch_size, 1, generator=self.random) < 0.1
            self.states, self.given = torch.where(again, self.pushed(), after), self.given + 1
            yield before, after - before
        self.given = 0

    def state_dict(self):
        return {"random": self.random.get_state(), "states": self.states, "given": self.given}

    def load_state_dict(self, state):
        self.states, self.given = state["states"], state["given"]
        self.random.set_state(state["random"])


class Pendulums(Kind):
    evaluates = ("validation", "test")

    def loaders(self, config):
        return {"train": Simulator(config.seed)}

    def loops(self, session):
        yield session.loop()

    def evaluate(self, assembly, split, metrics=None):
        """Compare two seconds of the network's own swinging with the simulator's."""
        states = truth = torch.randn(256, 2, generator=torch.Generator().manual_seed(len(split)))
        for _ in range(20):
            states, truth = states + assembly.model.predict(states), swing(truth)
        return {f"{split}/drift": float((states - truth).abs().mean())}


class PendulumTrainer(Trainer):
    kind = Pendulums


if __name__ == "__main__":
    trainer = Trainer(
        (sys.argv[1:] or ["work_dirs/pendulums"])[0],
        trainer="pendulums:PendulumTrainer",
        model_kwargs={"model_name": "MLP", "hidden": [64, 64]},
        criterion_kwargs={"criterion_name": "MSELoss"},
        training_config={"saving_metric": "validation/drift", "saving_mode": "min"},
    )
    trainer.fit(max_epochs=20)
    print(f"drift after two seconds: {trainer.results['test']['test/drift']:.3f}")
