"""A temperature is fitted on what a model says of the validation split, and scores see it."""

import pytest
import torch
from torch import nn

from stride.active.calibration.calibration_error import reliability, temperature
from stride.active.calibration.temperature import fit_temperature, require_temperature
from stride.active.pool.pool import Pool
from stride.active.strategies.builtin import entropy_sampling
from stride.distributed import rank
from stride.engine.precision import Precision
from stride.errors import ConfigError, DataError
from stride.models.model import Model


def batches(*tensors: torch.Tensor, size: int = 16):
    return zip(*(tensor.split(size) for tensor in tensors), strict=True)


class Same(nn.Module):
    """Give the inputs back, half of them dropped in training."""

    def __init__(self, factor: float = 1.0) -> None:
        super().__init__()
        self.dropout = nn.Dropout(0.5)
        self.factor = nn.Parameter(torch.tensor(factor))

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        assert not torch.is_grad_enabled()
        return self.dropout(inputs) * self.factor


@pytest.fixture
def known() -> tuple[torch.Tensor, torch.Tensor]:
    """Give logits, and labels that are drawn with the probabilities that they say."""
    draw = torch.Generator().manual_seed(0)
    logits = 2 * torch.randn(4000, 4, generator=draw)
    return logits, torch.multinomial(logits.softmax(1), 1, generator=draw)[:, 0]


def test_it_is_that_of_all_batches_in_evaluation_mode(known) -> None:
    logits, labels = known
    model = Model(Same(3.0), nn.CrossEntropyLoss()).train()
    found = fit_temperature(model, batches(logits, labels))
    assert found == pytest.approx(temperature(3 * logits, labels))
    assert found == pytest.approx(3.0, rel=0.1)
    assert model.network.training and model.network.factor.grad is None
    before = reliability((3 * logits).softmax(1), labels).ece
    assert reliability((3 * logits / found).softmax(1), labels).ece < before / 3
    assert fit_temperature(model.network, batches(logits, labels)) == found


def test_where_all_is_right_nothing_is_known_of_it(known) -> None:
    logits, _ = known
    model = Model(Same(), nn.CrossEntropyLoss())
    assert fit_temperature(model, batches(logits, logits.argmax(1))) == 1.0
    labels = logits.argmax(1)
    labels[0] = logits[0].argmin()
    assert fit_temperature(model, batches(logits, labels)) < 0.9


def test_a_batch_in_half_precision_gives_almost_the_same(known) -> None:
    model = Model(Same(3.0), nn.CrossEntropyLoss())
    half = Precision("bf16", torch.device("cpu"))
    exact = fit_temperature(model, batches(*known))
    assert fit_temperature(model, batches(*known), half) == pytest.approx(exact, rel=0.01)


def test_labels_that_do_not_count_are_left_out(known) -> None:
    logits, labels = known
    kept = torch.arange(len(labels)) % 4 > 0
    expected = temperature(logits[kept], labels[kept])
    for ignored in (-100, 255):
        model = Model(Same(), nn.CrossEntropyLoss(ignore_index=ignored))
        masked = torch.where(kept, labels, ignored)
        assert fit_temperature(model, batches(logits, masked)) == pytest.approx(expected)


def test_each_pixel_and_each_label_is_a_sample(known) -> None:
    logits, labels = known
    pixels = logits.view(40, 10, 10, 4).movedim(-1, 1)
    model = Model(Same(), nn.CrossEntropyLoss())
    expected = temperature(logits, labels)
    found = fit_temperature(model, batches(pixels, labels.view(40, 10, 10)))
    assert found == pytest.approx(expected)
    draw = torch.Generator().manual_seed(1)
    targets = torch.bernoulli(logits.sigmoid(), generator=draw)
    several = Model(Same(2.0), nn.BCEWithLogitsLoss())
    assert fit_temperature(several, batches(logits, targets)) == pytest.approx(2.0, rel=0.1)
    one = fit_temperature(several, batches(logits[:, :1], targets[:, 0]))
    assert one == pytest.approx(fit_temperature(several, batches(logits[:, 0], targets[:, 0])))


def test_what_has_no_temperature_is_refused(known) -> None:
    model = Model(Same(), nn.CrossEntropyLoss())
    with pytest.raises(DataError, match="no labels to fit a temperature on"):
        fit_temperature(model, [])
    with pytest.raises(DataError, match=r"are not classes for outputs of shape \(16, 4\)"):
        fit_temperature(model, batches(known[0], known[0]))
    require_temperature(nn.CrossEntropyLoss(), validates=True)
    require_temperature(nn.BCEWithLogitsLoss(), validates=True)
    with pytest.raises(ConfigError, match="fitted on the validation split, and there is none"):
        require_temperature(nn.CrossEntropyLoss(), validates=False)
    for criterion in (nn.MSELoss(), nn.BCELoss()):
        with pytest.raises(ConfigError, match=f"{type(criterion).__name__} are not logits"):
            require_temperature(criterion, validates=True)


def test_strategies_see_outputs_divided_by_it(make_pool, make_model) -> None:
    model, other = make_model(), make_model(1)
    plain = make_pool(committee=[model, other])
    scaled = make_pool(committee=[model, other], temperatures={model.network: 2.0})
    streams = [
        lambda pool: pool.outputs(model),
        lambda pool: pool.labelled_outputs(model),
        lambda pool: (outputs for outputs, _ in pool.outputs_and_features(model)),
        lambda pool: pool.dropout_outputs(model, 2),
    ]
    for stream in streams:
        pairs = zip(stream(scaled), stream(plain), strict=True)
        assert all(torch.equal(found, expected / 2) for found, expected in pairs)
    for found, expected in zip(scaled.committee_outputs(), plain.committee_outputs(), strict=True):
        assert torch.equal(found[0], expected[0] / 2) and torch.equal(found[1], expected[1])
    assert (entropy_sampling(model, scaled) > entropy_sampling(model, plain)).all()
    assert torch.equal(scaled.features(model), plain.features(model))
    assert torch.equal(scaled.predictions(model), plain.predictions(model))


def test_a_pool_without_one_leaves_outputs_as_they_are(make_pool, make_model) -> None:
    pool: Pool = make_pool(temperatures={})
    model = make_model()
    assert torch.equal(torch.cat([*pool.outputs(model)]), torch.cat([*make_pool().outputs(model)]))


def some_labels() -> tuple[torch.Tensor, torch.Tensor]:
    draw = torch.Generator().manual_seed(0)
    return 2 * torch.randn(300, 4, generator=draw), torch.arange(300) % 4


def fitted_on_a_share() -> float:
    own = slice(0, 100) if rank() == 0 else slice(100, 300)
    logits, labels = some_labels()
    return fit_temperature(Same(), batches(logits[own], labels[own]))


@pytest.mark.ddp
def test_several_processes_fit_the_same_on_all_their_samples(ranks) -> None:
    assert ranks(2, fitted_on_a_share) == [temperature(*some_labels())] * 2
