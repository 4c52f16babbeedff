"""A sample is shown as what it is: an image, a table of values, or words."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from stride.active.labels.rendering import LARGEST, Picture, Table, Words, render


def pixels(picture: object) -> Tensor:
    """Return the pixels as (height, width, 3)."""
    assert isinstance(picture, Picture)
    flat = torch.frombuffer(bytearray(picture.pixels), dtype=torch.uint8)
    return flat.view(picture.height, picture.width, 3)


def test_a_grey_image_from_0_to_1_keeps_its_levels() -> None:
    image = torch.zeros(1, 8, 6)
    image[0, 2, 3] = 0.5
    found = pixels(render(image))
    assert found.shape == (8, 6, 3)
    assert found[2, 3].tolist() == [128] * 3 and found.sum() == 3 * 128


@pytest.mark.parametrize("last", [False, True])
def test_colours_come_with_their_channels_first_or_last(last: bool) -> None:
    image = torch.randint(0, 256, (3, 5, 7), dtype=torch.uint8)
    found = pixels(render(image.movedim(0, -1) if last else image))
    assert torch.equal(found, image.movedim(0, -1))


def test_a_matrix_is_an_image_and_a_narrow_one_is_not() -> None:
    assert pixels(render(torch.ones(4, 9))).shape == (4, 9, 3)
    assert render(torch.tensor([[1.0, 3.0]] * 9)) == Words("9 x 2 numbers from 1 to 3, mean 2")


def test_other_ranges_are_stretched() -> None:
    found = pixels(render(torch.tensor([[-2.0, 0, 2, 2]] * 4)))
    assert found[0, :, 0].tolist() == [0, 128, 255, 255]
    assert pixels(render(torch.full((4, 4), 7.0))).unique().tolist() == [128]
    assert pixels(render(torch.full((4, 4), torch.nan))).unique().tolist() == [0]


def test_what_is_transparent_is_over_white() -> None:
    image = torch.zeros(4, 2, 2)
    image[3, 0, 0] = 1
    assert pixels(render(image))[..., 0].tolist() == [[0, 255], [255, 255]]


def test_a_large_image_is_made_smaller() -> None:
    image = torch.zeros(3, 2 * LARGEST, 600)
    image[:, ::2] = 1
    found = pixels(render(image))
    assert found.shape == (LARGEST, 300, 3) and found.unique().tolist() == [128]


def test_an_image_of_pillow() -> None:
    Image = pytest.importorskip("PIL.Image")
    image = Image.new("L", (5, 4), 100)
    assert pixels(render(image)).shape == (4, 5, 3)
    assert pixels(render(image)).unique().tolist() == [100]


def test_a_vector_is_a_table_with_the_names_of_its_columns() -> None:
    values = torch.tensor([5.1, 3.0, 1 / 3])
    assert render(values, ("length", "width")) == Table(
        (("length", "5.1"), ("width", "3"), ("2", "0.333333"))
    )
    assert (
        render(torch.tensor([1, 2])) == render(np.array([1, 2])) == Table((("0", "1"), ("1", "2")))
    )
    assert render(torch.tensor(2.5)) == Table((("0", "2.5"),))


def test_a_long_vector_is_cut_and_says_so() -> None:
    found = render(torch.arange(100))
    assert isinstance(found, Table) and len(found.rows) == 64 and found.left_out == 36


def test_a_mapping_is_a_table_of_its_values() -> None:
    found = render({"age": 7, "size": 0.1 + 0.2, "face": torch.zeros(3, 3), "one": np.ones(1)})
    assert found == Table(
        (
            ("age", "7"),
            ("size", "0.3"),
            ("face", "3 x 3 numbers from 0 to 0, mean 0"),
            ("one", "1"),
        )
    )
    assert render((1, "b"), ["a"]) == Table((("a", "1"), ("1", "b")))


def test_text_and_paths_are_shown_as_they_are() -> None:
    assert render("two\nlines") == Words("two\nlines")
    assert render(Path("images/7.png")) == Words("images/7.png")


@pytest.mark.parametrize(
    "inputs", [torch.zeros(0, 3), torch.zeros(2, 3, 4, 5), torch.zeros(9, 5, 6)]
)
def test_what_has_no_better_form_is_described(inputs: Tensor) -> None:
    found = render(inputs)
    assert isinstance(found, Words) and found.text.startswith(" x ".join(map(str, inputs.shape)))
