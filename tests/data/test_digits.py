"""The digits are scikit-learn's own, read without importing it."""

import subprocess
import sys

import pytest
import torch

from stride.data.digits import digits
from stride.errors import DataError


def test_the_digits_equal_scikit_learns():
    from sklearn.datasets import load_digits

    theirs = load_digits()
    images, labels = digits().tensors
    assert images.shape == (1797, 1, 8, 8) and images.dtype == torch.float32
    assert labels.shape == (1797,) and labels.dtype == torch.int64
    assert torch.equal(images.view(1797, 8, 8) * 16, torch.tensor(theirs.images).float())
    assert torch.equal(labels, torch.tensor(theirs.target))
    assert images.min() == 0 and images.max() == 1


def test_scikit_learn_is_not_imported():
    code = (
        "import sys, stride.data.digits as d; d.digits();"
        "assert not {m for m in sys.modules if m.split('.')[0] in ('sklearn', 'scipy', 'pandas')}"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


def test_without_scikit_learn_the_message_says_what_to_type(monkeypatch):
    monkeypatch.setattr("stride.data.files.installed.find_spec", lambda name: None)
    with pytest.raises(DataError) as caught:
        digits()
    assert "pip install scikit-learn" in str(caught.value)
    assert "\n" not in str(caught.value)
