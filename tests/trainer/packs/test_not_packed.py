"""What cannot be packed is trained alone, in the same call and with its usual bits."""

import torch
from torch.utils.data import DataLoader, TensorDataset

from stride.callbacks.base import Callback
from stride.trainer.packs.reasons import why_not_packed

ONCE = {"training_config": {"max_epochs": 1}}


class Steps(Callback):
    """Run after each step."""

    def after_step(self, trainer, step):
        trainer.log("mine/step", trainer.state.step)


def loader():
    x = torch.randn(30, 20, generator=torch.Generator().manual_seed(0))
    return DataLoader(TensorDataset(x, (x[:, 0] > 0).long()), batch_size=10)


def training(**values):
    return {"training_config": ONCE["training_config"] | values}


NOT_PACKED = {
    "an update takes 2 batches": training(accumulate=2),
    "each loss is read before its update": training(nonfinite="skip"),
    "the optimizer is NAdam": ONCE | {"optimizer_kwargs": {"optimizer_name": "NAdam"}},
    "layer 1 is PReLU": ONCE | {"model_kwargs": {"activation": "PReLU"}},
    "its data is not gathered from memory": ONCE | {"given": {"train_loader": loader}},
    "a hook of yours runs after each step: Steps.after_step": ONCE
    | {"given": {"callbacks": lambda: [Steps()]}},
}


def test_what_cannot_be_packed_is_trained_alone_and_two_architectures_make_two_packs(fleet):
    reasons = [*NOT_PACKED, *list(NOT_PACKED)[:2]]  # two that are alike are not packed either
    packed = [ONCE, ONCE | {"kind": "normalised"}] * 2
    members = [*packed, *map(NOT_PACKED.__getitem__, reasons)]
    trainers, ended = fleet.pack(members)
    assert [one.value for one in ended] == fleet.alone(members)
    assert fleet.problems(range(len(members))) == {}
    records = [fleet.record(place) for place in range(len(members))]
    assert [one["place"] for one in records[:4]] == [0, 0, 1, 1]
    uuids = [one["uuid"] for one in records[:4]]
    assert uuids[:2] == uuids[2:] and len({*uuids}) == 2
    assert records[4:] == [None] * len(reasons)
    for trainer in trainers:
        trainer.session.assembly.model.train()  # as before its first step
    assert [why_not_packed(trainer.session) for trainer in trainers] == [""] * 4 + reasons
