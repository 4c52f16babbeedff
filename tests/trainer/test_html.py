"""What a notebook shows of a trainer."""

EVIL = "<script>alert(1)</script>"


def test_a_trainer_shows_what_it_was_given_and_its_runs(make):
    trainer = make(logging_config={"timing_name": EVIL}, training_config={"max_epochs": 1})
    before = trainer._repr_html_()
    assert "No runs yet" in before and "trainer.fit()" in before
    assert "logging_config.timing_name" in before and "training_config.patience" not in before
    assert EVIL not in before and "&lt;script&gt;" in before
    assert "parameters" not in before  # nothing is built in order to be shown
    trainer.fit()
    after = trainer._repr_html_()
    count = sum(p.numel() for p in trainer.model.parameters())
    assert f"MLP, {count:,} parameters" in after
    assert '"tone good">done<' in after and "older runs" not in after


def test_secrets_stay_untold(make):
    shown = make(logging_config={"wandb_kwargs": {"api_key": "abc123"}})._repr_html_()
    assert "wandb_kwargs.api_key" in shown and "abc123" not in shown


def test_of_many_runs_the_newest_are_shown(make, tmp_path):
    for name in range(12):
        folder = tmp_path / "w" / str(name)
        folder.mkdir(parents=True)
        (folder / "status.json").write_text('{"format_version": 3, "state": "done", "created": 1}')
    assert "2 older runs" in make()._repr_html_()
