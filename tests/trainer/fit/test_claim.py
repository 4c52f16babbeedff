"""What is written at a run's start, and overrides as they were typed."""

from stride.config import resolve_layers
from stride.trainer.fit.claim import typed_overrides


def test_overrides_are_recorded_as_typed_and_in_order():
    resolved = resolve_layers(
        arguments={"seed": 3},
        overrides=["work_dir=w", "optimizer_kwargs.lr=1e-4", "run=a", "model_kwargs.hidden=[1, 2]"],
    )
    assert typed_overrides(resolved) == ["optimizer_kwargs.lr=1e-4", "model_kwargs.hidden=[1, 2]"]


def test_a_later_override_of_a_key_takes_the_place_of_the_earlier():
    resolved = resolve_layers(work_dir="w", overrides={"seed": 1}).override(
        {"seed": 2, "device": "cpu"}
    )
    assert typed_overrides(resolved) == ["seed=2", "device=cpu"]


def test_seeds_and_devices_are_in_the_provenance(make):
    trainer = make(seed=5, dataset_kwargs={"split_seed": 9})
    trainer.fit(max_steps=1)
    from stride.runs.run import Run

    provenance = Run(trainer.run.paths.path).provenance
    assert provenance["seeds"] == {
        "seed": 5,
        "model_seed": 5,
        "split_seed": 9,
        "subsample_seed": 0,
    }
    assert provenance["devices"] == ["cpu"]
    assert provenance["threads"]["torch"] >= 1
    assert provenance["data_fingerprint"]
