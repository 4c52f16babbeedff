"""Batch normalisation by all processes' samples: on CUDA alone, and nothing in one process."""

import pytest
import torch
from torch import nn

from stride.config.sections.distributed import DistributedConfig
from stride.data.batches.memory import MemoryBatches
from stride.data.batches.sampler import Order
from stride.distributed import local_rank, process_group, shard
from stride.engine.batch_norm import require_shares, share_statistics
from stride.engine.optim.optimizers import Optimizers
from stride.engine.parallel.build import build_gradients
from stride.engine.precision import Precision
from stride.engine.state import RankShards
from stride.engine.update import Update
from stride.errors import ConfigError
from stride.models.build import as_model

CPU = torch.device("cpu")


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Tanh(), nn.Linear(8, 3))


def model(device=CPU):
    return as_model(network().to(device), nn.CrossEntropyLoss())


def batches(samples, device=CPU, size=4, **options):
    inputs = torch.randn(samples, 4, generator=torch.Generator().manual_seed(1))
    targets = torch.arange(samples) % 3
    order = Order(samples, size, seed=0, shuffle=False, shard=shard(), **options)
    return MemoryBatches((inputs.to(device), targets.to(device)), order, device)


def test_alone_a_network_stays_as_it_is():
    plain = model()
    share_statistics(plain, CPU)
    assert [type(part) for part in plain.network] == [type(part) for part in network()]
    require_shares(batches(9))


def told():
    """Return what is raised on a CPU, and for epochs of so many samples, some consumed."""
    answers = []
    cases = [(9, 0, {}), (10, 0, {}), (9, 0, {"drop_last": True}), (16, 0, {}), (16, 7, {})]
    calls = [lambda: share_statistics(model(), CPU)]
    for samples, position, options in cases:
        calls.append(
            lambda n=samples, at=position, options=options: require_shares(
                RankShards(batches(n, **options)), at
            )
        )
    for call in calls:
        try:
            call()
            answers.append("")
        except ConfigError as error:
            answers.append(str(error))
    return answers


@pytest.mark.ddp
def test_what_would_not_come_together_is_refused(ranks):
    answers = ranks(2, told)
    assert answers[0] == answers[1]
    on_cpu, odd, even, dropped, full, resumed = answers[0]
    assert "on CUDA alone, and the device is cpu" in on_cpu and "sync_batchnorm=false" in on_cpu
    assert "1 sample(s) for 2 processes" in odd and "drop_last=true" in odd
    assert "1 sample(s)" in resumed
    assert [even, dropped, full] == [""] * 3


def train(ours, windows, precision, gradients=None):
    optimizer = torch.optim.SGD(ours.parameters(), lr=0.1)
    update = Update(ours, Optimizers({"": optimizer}), precision, gradients=gradients)
    update.train()
    for window in zip(windows, strict=False):
        update.apply(window, update.gradients(window))


def on_cuda(strategy):
    """Take steps on a device of its own; return the weights and how its parts are called."""
    with process_group("cuda", timeout=60):
        return _on_cuda(strategy)


def _on_cuda(strategy):
    device = torch.device("cuda", local_rank())
    torch.cuda.set_device(device)
    ours, given = model(device), batches(16, device)
    share_statistics(ours, device)
    precision = Precision("fp32", device)
    config = DistributedConfig(strategy=strategy)
    train(ours, given.shards(), precision, build_gradients(ours, precision, given.example, config))
    state = {name: value.cpu() for name, value in ours.network.state_dict().items()}
    return state, type(ours.network[1]).__name__


def alone():
    ours, given = model(), batches(16, size=8)
    train(ours, given, Precision("fp32", CPU))
    return ours.network.state_dict()


@pytest.mark.gpu
@pytest.mark.ddp
@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="needs two CUDA devices")
@pytest.mark.parametrize("strategy", ["flat", "ddp"])
def test_two_devices_normalise_as_one_with_the_batches_of_both(ranks, strategy):
    expected = alone()
    for state, kind in ranks(2, on_cuda, strategy, group=False):
        assert kind == "SyncBatchNorm" and state.keys() == expected.keys()
        network().load_state_dict(state)
        for name, value in state.items():
            torch.testing.assert_close(value, expected[name], rtol=1e-4, atol=1e-5)
