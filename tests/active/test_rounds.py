"""Where the rounds stand, and what is left to ask for."""

import torch

from stride.active.rounds import Rounds, unlabelled_ids
from stride.engine.state import TrainState


def test_what_is_labelled_is_not_asked_for_again():
    assert unlabelled_ids(torch.tensor([4, 0]), 6).tolist() == [1, 2, 3, 5]
    assert unlabelled_ids(torch.arange(3), 3).tolist() == []


def test_a_round_begins_with_the_labels_of_the_query_and_where_the_training_is():
    rounds, state = Rounds(torch.tensor([5, 2])), TrainState()
    state.step, state.epoch = 7, 3
    rounds.advance(torch.tensor([9, 1]), state)
    assert (rounds.number, rounds.epoch, rounds.step) == (1, 3, 7)
    assert rounds.labelled.tolist() == [5, 2, 9, 1]


def test_its_state_brings_all_of_it_back_and_is_no_part_of_what_was_saved():
    rounds, state = Rounds(torch.tensor([5, 2])), TrainState()
    state.step, state.epoch = 7, 3
    rounds.advance(torch.tensor([9]), state)
    rounds.rated = [0.5, 0.25]
    saved, other = rounds.state_dict(), Rounds(torch.tensor([0]))
    other.load_state_dict(saved)
    assert other.labelled.tolist() == [5, 2, 9]
    assert (other.number, other.epoch, other.step, other.rated) == (1, 3, 7, [0.5, 0.25])
    saved["labelled"].zero_()
    assert other.labelled.tolist() == [5, 2, 9]
