"""When a trial is pruned by its forecast: from what the storage holds, and from nothing else."""

import math

import optuna
import pytest
from optuna.trial import TrialState, create_trial

from stride.stats.forecast import predicted_final
from stride.sweeps.search.pruners.pfl import PFLPruner

END = 100


def falling(floor, count, rate=0.1):
    """Return the losses of `count` epochs on their way to `floor`."""
    return [floor + math.exp(-rate * epoch) for epoch in range(1, count + 1)]


def a_study(curves=(), *, direction="minimize", storage=None, **options):
    """Make a study with completed trials of these curves, each with its last value as the final."""
    options = {"n_startup_trials": 1, "n_warmup_epochs": 0} | options
    study = optuna.create_study(
        storage=storage, direction=direction, pruner=PFLPruner(END, **options), study_name="s"
    )
    for curve in curves:
        add(study, curve, curve[-1])
    return study


def add(study, curve, value, state=TrialState.COMPLETE):
    values = dict(enumerate(curve, 1))
    study.add_trial(create_trial(state=state, value=value, intermediate_values=values))


def pruned_at(study, curve):
    """Return the first epoch of a new trial at which it is pruned, None where it never is."""
    trial = study.ask()
    for epoch, value in enumerate(curve, 1):
        trial.report(value, epoch)
        if trial.should_prune():
            study.tell(trial, state=TrialState.PRUNED)
            return epoch
    study.tell(trial, curve[-1])
    return None


def test_a_trial_goes_on_that_is_worse_now_and_ends_better():
    best, slow = falling(0.5, END), [1.2 * value for value in falling(0.0, 25, rate=0.02)]
    assert all(one > other for one, other in zip(slow[9:], best[9:25], strict=True))
    assert pruned_at(a_study([best], n_warmup_epochs=9), slow) is None
    assert pruned_at(a_study([best]), slow) == 1  # of one value the forecast is that


def test_it_is_pruned_where_the_forecast_first_is_worse():
    study = a_study([falling(0.5, END)], n_warmup_epochs=9)
    curve = falling(0.51, 60)
    forecasts = [predicted_final(curve[:n], END) for n in range(1, 61)]
    threshold = falling(0.5, END)[-1]
    expected = next(n for n in range(10, 61) if forecasts[n - 1] > threshold)
    assert pruned_at(study, curve) == expected


def test_the_first_trials_are_not_pruned_however_bad():
    study = a_study(n_startup_trials=3)
    assert pruned_at(study, falling(0.1, 20)) is None
    assert pruned_at(study, falling(7.0, 20)) is None
    add(study, falling(0.1, 20), None, TrialState.PRUNED)  # which is no completed trial
    assert pruned_at(study, falling(8.0, 20)) is None
    assert pruned_at(study, falling(9.0, 20)) == 1


def test_without_a_completed_trial_there_is_nothing_to_be_worse_than():
    assert pruned_at(a_study(n_startup_trials=0), falling(7.0, 20)) is None


@pytest.mark.parametrize("warmup", [0, 4, 30])
def test_the_first_epochs_pass(warmup):
    study = a_study([falling(0.1, 20)], n_warmup_epochs=warmup)
    assert pruned_at(study, falling(5.0, 40)) == warmup + 1


@pytest.mark.parametrize(("top_k", "goes_on"), [(1, False), (2, True), (9, True)])
def test_the_worst_of_the_top_k_decides(top_k, goes_on):
    study = a_study([falling(3.0, END), falling(1.0, END), falling(2.0, END)], top_k=top_k)
    between = [falling(2.0, END)[-1]] * 5
    assert (pruned_at(study, between) is None) is goes_on
    beyond = [falling(2.0, END)[-1] + 1e-9] * 5
    assert (pruned_at(study, beyond) is None) is (top_k == 9)


def test_the_top_k_are_chosen_by_their_final_values_and_judge_by_their_forecasts():
    study = a_study(top_k=1)
    add(study, falling(2.0, END), 0.25)  # the best weights were those of an epoch in its middle
    add(study, falling(1.0, END), 0.5)
    assert pruned_at(study, [1.9] * 5) is None
    assert pruned_at(study, [2.1] * 5) == 1


def test_a_trial_that_ended_early_counts_by_its_forecast():
    early = falling(0.5, 30)
    study = a_study([early])
    end = predicted_final(early, END)
    assert end < early[-1]
    assert pruned_at(study, [(end + early[-1]) / 2] * 5) == 1


def test_a_completed_trial_that_reported_nothing_counts_by_its_value():
    study = a_study([], n_startup_trials=1)
    add(study, [], 0.5)
    assert pruned_at(study, [0.4] * 5) is None
    assert pruned_at(study, [0.6] * 5) == 1


def test_where_more_is_better_the_smaller_forecast_is_pruned():
    def rising(top, count):
        return [top - value for value in falling(0.0, count)]

    done = [rising(0.9, END), rising(0.7, END), rising(0.8, END)]
    study = a_study(done, direction="maximize", top_k=2, n_warmup_epochs=12)
    assert pruned_at(study, rising(0.95, 40)) is None
    assert pruned_at(study, rising(0.6, 40)) is not None


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("direction", ["minimize", "maximize"])
def test_what_is_not_finite_is_pruned_at_any_time(wrong, direction):
    study = a_study(direction=direction, n_startup_trials=9, n_warmup_epochs=9)
    assert pruned_at(study, [0.5, wrong]) == 2


@pytest.mark.parametrize("wrong", [math.nan, math.inf])
def test_a_completed_trial_without_a_finite_forecast_decides_nothing(wrong):
    study = a_study(top_k=2)
    add(study, [0.5, wrong], 0.5)
    assert pruned_at(study, [7.0] * 3) is None
    add(study, [0.6, 0.6], 0.6)
    assert pruned_at(study, [7.0] * 3) == 1


def test_a_trial_without_a_value_goes_on():
    assert not a_study([falling(0.1, 9)]).ask().should_prune()


@pytest.mark.parametrize(("floor", "pruned"), [(0.0, None), (0.6, 50)])
def test_evaluations_may_be_some_epochs_apart(floor, pruned):
    study = a_study([falling(0.5, END)], n_warmup_epochs=45)
    trial, found = study.ask(), []
    for epoch in range(5, 61, 5):
        trial.report(falling(floor, epoch, rate=0.04)[-1], epoch)
        found += [epoch] * trial.should_prune()
    assert next(iter(found), None) == pruned


def test_a_sweep_that_is_started_again_and_another_process_decide_alike():
    storage = optuna.storages.InMemoryStorage()
    study = a_study([falling(0.1, END), falling(0.3, END)], storage=storage, top_k=2)
    trial, decided = study.ask(), []
    for epoch, value in enumerate(falling(0.2, 20) + falling(0.4, 20), 1):
        trial.report(value, epoch)
        decided.append(trial.should_prune())
        pruner = PFLPruner(END, n_startup_trials=1, n_warmup_epochs=0, top_k=2)
        again = optuna.load_study(study_name="s", storage=storage, pruner=pruner)
        frozen = next(one for one in again.trials if one.number == trial.number)
        assert again.pruner.prune(again, frozen) is decided[-1]
    assert {*decided} == {True, False}


@pytest.mark.parametrize(
    ("name", "least"),
    [("target_epoch", 1), ("n_startup_trials", 0), ("n_warmup_epochs", 0), ("top_k", 1)],
)
def test_arguments_that_are_too_small_are_refused(name, least):
    PFLPruner(**{"target_epoch": 5, name: least})
    with pytest.raises(ValueError, match=f"{name}={least - 1} must be at least {least}"):
        PFLPruner(**{"target_epoch": 5, name: least - 1})
