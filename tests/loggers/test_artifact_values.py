"""What may be logged as an artifact, and what its file holds."""

import io
import json

import numpy as np
import pytest
import torch

from stride.loggers.artifact_values import Figure, Histogram, Image, Text, require_artifact_name
from stride.runs.files.png import png_shape

PIL = pytest.importorskip("PIL.Image")


def pixels(value):
    """Return what another program reads of an image, H x W or H x W x C."""
    with PIL.open(io.BytesIO(Image.of(value).encoded())) as image:
        return np.asarray(image)


GREY = torch.arange(6, dtype=torch.uint8).reshape(2, 3)
RGB = torch.arange(30, dtype=torch.uint8).reshape(2, 5, 3)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (GREY, GREY),
        (GREY.numpy(), GREY),
        (GREY[None], GREY),
        (RGB, RGB),
        (RGB.movedim(-1, 0), RGB),
        (RGB.movedim(-1, 0).numpy(), RGB),
        (torch.zeros(3, 5, 3, dtype=torch.uint8), torch.zeros(5, 3, 3)),  # a tensor's come first
        (np.zeros((3, 5, 3), dtype=np.uint8), torch.zeros(3, 5, 3)),  # an array's last
        (torch.tensor([[0.0, 0.5], [0.999, 1.0]]), torch.tensor([[0, 128], [255, 255]])),
        (torch.tensor([[1.0]], dtype=torch.bfloat16), torch.tensor([[255]])),
        (torch.rand(4, 2, 2, requires_grad=True) * 0, torch.zeros(2, 2, 4)),
    ],
)
def test_an_image_has_the_pixels_that_it_was_given(value, expected):
    assert np.array_equal(pixels(value), np.asarray(expected))


def test_an_image_is_a_copy():
    value = torch.zeros(2, 2)
    image = Image.of(value)
    value.fill_(1.0)
    assert image.encoded() == Image.of(torch.zeros(2, 2)).encoded()


@pytest.mark.parametrize(
    ("value", "error", "words"),
    [
        (torch.zeros(8, 3, 32, 32), ValueError, r"shape \(8, 3, 32, 32\): give one of a batch"),
        (torch.zeros(5), ValueError, "1, 3 or 4 channels"),
        (torch.zeros(2, 5, 7), ValueError, "HxW, HxWxC or CxHxW"),
        (torch.zeros(0, 5), ValueError, "shape"),
        (torch.zeros(5, 5, dtype=torch.int64), TypeError, "not int64: convert it"),
        (torch.zeros(5, 5, dtype=torch.bool), TypeError, "not bool"),
        ([[0.0]], TypeError, "a tensor or an array, not a list"),
    ],
)
def test_what_is_not_an_image_is_refused_at_once(value, error, words):
    with pytest.raises(error, match=words):
        Image.of(value)


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan")])
def test_floating_pixels_out_of_range_are_refused(value):
    with pytest.raises(ValueError, match=r"from 0 to 1; these go from .*: scale or clamp them"):
        Image.of(torch.tensor([[0.5, value]])).encoded()


def test_a_histogram_counts_as_numpy_does_and_tells_of_what_is_not_finite():
    values = torch.randn(3, 50, generator=torch.Generator().manual_seed(0))
    counts, edges = np.histogram(values.double().numpy(), 8)
    values = torch.cat([values.flatten(), torch.tensor([float("nan"), float("inf")])])
    found = json.loads(Histogram.of(values, 8).encoded())
    assert found == {"counts": counts.tolist(), "edges": edges.tolist(), "nonfinite": 2}
    assert json.loads(Histogram.of(np.array([], dtype=int), 2).encoded())["counts"] == [0, 0]


@pytest.mark.parametrize(
    ("values", "bins", "error"),
    [
        (torch.zeros(3, dtype=torch.complex64), 4, TypeError),
        (np.array(["a"]), 4, TypeError),
        ([1.0], 4, TypeError),
        (torch.zeros(3), 0, ValueError),
        (torch.zeros(3), 2.5, ValueError),
    ],
)
def test_what_is_not_a_histogram_is_refused(values, bins, error):
    with pytest.raises(error):
        Histogram.of(values, bins)


def test_a_text_is_utf_8_and_nothing_else_is_a_text():
    assert Text.of("größer", markdown=False).encoded().decode() == "größer"
    assert Text.of("# x", markdown=True).suffix == ".md"
    with pytest.raises(TypeError, match="not a float: give str"):
        Text.of(1.0, markdown=False)  # type: ignore[arg-type]


def test_a_figure_is_the_picture_that_it_was():
    figure = pytest.importorskip("matplotlib.figure").Figure(figsize=(2, 1), dpi=50)
    logged = Figure.of(figure)
    assert png_shape(logged.encoded()) == (50, 100, 4)
    figure.subplots()
    assert Figure.of(figure).encoded() != logged.encoded()
    with pytest.raises(TypeError, match=r"give `axes.figure`"):
        Figure.of(torch.zeros(2, 2))


@pytest.mark.parametrize("name", ["", "/x", "x/", "a//b", "../x", "a/../b", ".", "a\\b", "a\nb"])
def test_names_that_are_none(name):
    with pytest.raises(ValueError, match="is not a name"):
        require_artifact_name(name)


def test_names():
    for name in ("samples", "train/masks", "a.b", "größe", "3"):
        require_artifact_name(name)
    with pytest.raises(ValueError, match="each row has a step already"):
        require_artifact_name("step")
    with pytest.raises(TypeError):
        require_artifact_name(3)
