"""Real handwritten digits: 1,797 grey images of 8 x 8 pixels, from scikit-learn's own file.

Source: the test set of E. Alpaydin and C. Kaynak, "Optical Recognition of Handwritten Digits",
UCI Machine Learning Repository, 1998.
"""

import gzip
from pathlib import Path

import numpy as np
import torch

from stride.data.array_dataset import ArrayDataset
from stride.data.files.installed import installed_path


def digits() -> ArrayDataset:
    """Read the digits: inputs float32 (1, 8, 8) from 0 to 1, targets int64 from 0 to 9.

    scikit-learn is not imported: that takes over a second, finding its file does not.

    Raises:
        DataError: scikit-learn is not installed, or its file is not there.
    """
    text = gzip.decompress(digits_file().read_bytes()).decode("ascii")
    cells = np.fromstring(text.replace("\n", ","), dtype=np.float32, sep=",")
    numbers = torch.from_numpy(cells).view(-1, 65)
    images = numbers[:, :64].reshape(-1, 1, 8, 8) / 16
    return ArrayDataset([images, numbers[:, 64].long()])


def digits_file() -> Path:
    """Return the path of the digits in the scikit-learn that is installed."""
    where = "dataset_kwargs.dataset_name=digits"
    return installed_path(
        "sklearn", "datasets/data/digits.csv.gz", where=where, install="scikit-learn"
    )
