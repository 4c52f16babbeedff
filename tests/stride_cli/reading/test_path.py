from pathlib import Path


def test_the_absolute_path(stride, make_run, tmp_path: Path) -> None:
    make_run()
    assert stride("path", "W/latest") == (0, f"{tmp_path / 'W' / '0'}\n", "")


def test_inside_the_run(stride, make_run, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(make_run().path)
    assert stride("path", ".").out == f"{tmp_path / 'W' / '0'}\n"


def test_no_run_folder(stride, tmp_path: Path) -> None:
    (tmp_path / "W" / "notes").mkdir(parents=True)
    sentence = "stride: error: W/notes is not a run folder; type: stride ls W\n"
    (tmp_path / "W" / "notes" / "a.txt").touch()
    assert stride("path", "W/notes") == (2, "", sentence)
