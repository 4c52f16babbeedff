from pathlib import Path

from stride.runs.layout import RunPaths
from stride.runs.writer import ReadOnlyWriter, RunWriter, Writer


def test_the_other_ranks_write_nothing(tmp_path: Path) -> None:
    writer: Writer = ReadOnlyWriter(RunPaths(tmp_path / "3"), uuid="ab", segment=2)
    writer.status("running")
    writer.commit("results.json", {"nonsense": object()})
    writer.append(writer.paths.metrics, [{"step": 1}])
    with writer.commit_folder("checkpoints/x") as folder:
        (folder / "part").write_text("1")
        assert tmp_path not in folder.parents
    assert not folder.exists()
    writer.remove_folder(tmp_path)
    writer.close("done")
    assert (writer.name, writer.uuid, writer.segment) == ("3", "ab", 2)
    assert not any(tmp_path.iterdir())


def test_both_writers_have_the_same_methods() -> None:
    def names(kind: type) -> set[str]:
        return {name for name in dir(kind) if not name.startswith("_")}

    assert names(RunWriter) - names(ReadOnlyWriter) == {"start", "resume"}
    assert names(ReadOnlyWriter) == names(Writer)
