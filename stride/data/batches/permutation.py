"""Permute the numbers below a length: a short list by torch, a long one number by number."""

import math
from typing import Literal

import torch
from torch import Tensor

LISTED = 10_000_000  # numbers that are permuted as a list; it costs 8 bytes each
WINDOW = 2**16  # numbers calculated at a time, at least
ROUNDS = 6


class KeyedPermutation:
    """A permutation that is not stored: a slice of it is calculated when it is asked for.

    Memory grows with the square root of the length, and every place is reached at the same cost.
    It is a Feistel network on pairs, x = left * b + right with a * b >= length, whose halves are
    added to in turn what a table of random numbers has for the other half. What falls beyond the
    length is permuted again until it does not (cycle walking).

    Source: Black and Rogaway, Ciphers with Arbitrary Finite Domains (CT-RSA 2002), methods 2 and 3.

    Args:
        length: of the permutation.
        generator: gives the tables, its key.
    """

    def __init__(self, length: int, generator: torch.Generator) -> None:
        self._length = length
        self._a = max(1, math.isqrt(length - 1) + 1) if length else 1
        self._b = -(-length // self._a)
        self._tables = [self._table(number, generator) for number in range(ROUNDS)]
        self._window = 0, torch.empty(0, dtype=torch.int64)

    def _table(self, number: int, generator: torch.Generator) -> Tensor:
        """Return what a round adds to one half, by the other; repeated, as that is not reduced."""
        of, by = (self._b, self._a) if number % 2 else (self._a, self._b)
        drawn = torch.randint(0, max(1, of), (by,), generator=generator)
        return drawn.repeat((number + 1) // 2 + 1)

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, wanted: slice) -> Tensor:
        """Return the numbers at these places; int64."""
        start, stop, _ = wanted.indices(self._length)
        if stop - start > WINDOW:
            parts = range(start, stop, WINDOW)
            return torch.cat([self[begin : min(begin + WINDOW, stop)] for begin in parts])
        first, window = self._window
        if not first <= start <= stop <= first + len(window):
            first, window = start, self._calculated(start, min(start + WINDOW, self._length))
            self._window = first, window
        return window[start - first : max(start, stop) - first]

    def _calculated(self, start: int, stop: int) -> Tensor:
        numbers = self._encrypted(torch.arange(start, stop))
        while len(beyond := (numbers >= self._length).nonzero().squeeze(1)):
            numbers[beyond] = self._encrypted(numbers[beyond])
        return numbers

    def _encrypted(self, numbers: Tensor) -> Tensor:
        left = torch.div(numbers, self._b, rounding_mode="floor")
        right = numbers - left * self._b
        for to_left, to_right in zip(self._tables[::2], self._tables[1::2], strict=True):
            left += to_left.index_select(0, right)
            right += to_right.index_select(0, left)
        return left.remainder_(self._a).mul_(self._b).add_(right.remainder_(self._b))


Permutation = Tensor | KeyedPermutation
"""A permutation, of which slices are tensors."""


def permutation(length: int, generator: torch.Generator) -> Permutation:
    """Return a random permutation of the numbers below a length, by the method for that length."""
    if method(length) == "randperm":
        return torch.randperm(length, generator=generator)
    return KeyedPermutation(length, generator)


def method(length: int) -> Literal["randperm", "feistel"]:
    """Return the name of the method by which so many numbers are permuted, as it is recorded."""
    return "randperm" if length <= LISTED else "feistel"
