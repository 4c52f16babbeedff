"""Each measure equals its definition on random cases: ties, one-point events, events at edges."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from benchmarks.volumes import plain_volume
from stride.metrics.detection.affiliation import affiliation_scores
from stride.metrics.detection.alarms import point_adjusted_f1
from stride.metrics.detection.areas import Ranking, areas
from stride.metrics.detection.labelled_scores import LabelledScores
from stride.metrics.detection.ranges import EXISTENCE, range_scores
from stride.metrics.detection.volume import THRESHOLDS, volume
from stride.metrics.detection.window import Window
from tests.metrics.detection import references
from tests.metrics.detection.references import Case, random_case

CASES, MANY = 60, 1_000


def close(found: tuple[float, ...], wanted: tuple[float, ...]) -> bool:
    return np.allclose(found, wanted, rtol=0, atol=1e-9, equal_nan=True)


def check(case: Case, thresholds: int) -> None:
    scores, labels, predicted, window = case
    data = LabelledScores.of(scores, labels)
    found = areas(*Ranking.of(data).positives())
    assert close(found, (references.roc_auc(case), references.pr_auc(case)))
    volumes = volume(data, Window(window, ""), thresholds)
    assert close(volumes, plain_volume(scores, labels, window, thresholds))
    by_range = (
        references.range_reward(predicted, labels, 0.0),
        references.range_reward(labels, predicted, EXISTENCE),
    )
    assert close(range_scores(predicted, labels), by_range)
    assert close(affiliation_scores(predicted, labels), references.affiliation(predicted, labels))
    adjusted = references.point_adjusted_f1(predicted, labels)
    assert close((point_adjusted_f1(predicted, labels),), (adjusted,))


def test_measures_equal_their_definitions() -> None:
    for seed in range(CASES):
        check(random_case(seed), thresholds=7 + seed)


@pytest.mark.slow
def test_measures_equal_their_definitions_in_a_thousand_cases() -> None:
    for seed in range(CASES, CASES + MANY):
        check(random_case(seed), THRESHOLDS)


def test_areas_equal_sklearns() -> None:
    for seed in range(CASES):
        case = random_case(seed)
        found = areas(*Ranking.of(LabelledScores.of(case.scores, case.labels)).positives())
        wanted = (
            roc_auc_score(case.labels, case.scores),
            average_precision_score(case.labels, case.scores),
        )
        assert close(found, wanted)


@pytest.mark.ecosystem("TSB_AD")
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of its source
def test_measures_equal_those_of_tsb_ad() -> None:
    from TSB_AD.evaluation.affiliation.generics import convert_vector_to_events
    from TSB_AD.evaluation.affiliation.metrics import pr_from_events
    from TSB_AD.evaluation.basic_metrics import basic_metricor, generate_curve

    theirs = basic_metricor()
    for seed in range(MANY):
        scores, labels, predicted, window = random_case(seed)
        zeros, ones = labels.astype(int), predicted.astype(int)
        data = LabelledScores.of(scores, labels)
        volumes = generate_curve(zeros, scores, window, "opt", THRESHOLDS)[-2:]
        assert close(volume(data, Window(window, "")), volumes)
        series = (0, len(labels))
        events = [convert_vector_to_events(flags) for flags in (ones, zeros)]
        near = pr_from_events(*events, series)
        wanted = (near["Affiliation_Precision"], near["Affiliation_Recall"])
        assert close(affiliation_scores(predicted, labels), wanted)
        if not predicted.all():  # of a series that is one whole range it finds no range
            by_range = (
                theirs.range_recall_new(ones, zeros, 0)[0],
                theirs.range_recall_new(zeros, ones, EXISTENCE)[0],
            )
            assert close(range_scores(predicted, labels), by_range)
