"""The words in which a config is refused."""

import pytest

from stride.config.refusals import unknown_key
from stride.config.schema import Config


@pytest.mark.parametrize(
    ("key", "beside", "message"),
    [
        ("model_kwargs.widht", ["width"], "unknown key model_kwargs.widht; did you mean 'width'?"),
        ("model_kwargs.model_nmae", [], "did you mean 'model_name'?"),
        ("model_kwargs.patience", ["width"], "did you mean 'training_config.patience'?"),
        ("load_data_kwargs.train_loader_kwargs.nun_workers", ["num_workers"], "'num_workers'?"),
        ("scheduler_kwargs.zzz", ["T_max"], "the keys here are T_max, interval, scheduler_name"),
        ("zzz.yyy", [], "unknown key zzz.yyy"),
    ],
)
def test_an_unknown_key_names_the_nearest(key: str, beside: list[str], message: str) -> None:
    assert message in str(unknown_key(key, Config, beside))
