"""Say where a model comes from, and what about it was proven."""

from collections.abc import Iterator, Mapping

from stride.report.card.blocks import Fact, bullets, code, code_block, heading, to_write, words
from stride.report.card.subject import Subject
from stride.report.parts.provenance import code_of, command_of
from stride.runs.records.reproduction import ReproductionRecord
from stride.runs.records.segment import SegmentRecord
from stride.runs.verify.report import Report
from stride.runs.verify.run import verify_run
from stride.visible import quoted

_VERSIONS = ("torch", "numpy")


def provenance(subject: Subject) -> Iterator[str]:
    """Yield from which code, versions and command the model comes."""
    yield heading("Provenance")
    yield bullets(_provenance(subject))
    if command := command_of(subject.facts.provenance):
        yield "It was imported by:" if subject.imported else "It was started by:"
        yield code_block([command], "bash")
    if subject.is_done and not subject.imported:
        yield "To have it again, and each step compared:"
        yield code_block([f"stride reproduce {quoted(subject.path)}"], "bash")


def _provenance(subject: Subject) -> Iterator[Fact]:
    record, sha256 = subject.provenance, subject.results.weights_sha256
    yield "Recorded by another tool", words(subject.imported)
    yield "Run", ", ".join([words(subject.row.name), *map(code, filter(None, [subject.row.uuid]))])
    yield "Weights", "" if sha256 is None else f"SHA-256 {code(sha256)}"
    yield "Code", words(code_of(subject.facts.provenance)) or "its commit is not known"
    versions = {"STRIDE": subject.recorded("stride"), "Python": subject.recorded("python")}
    versions |= {name: record.versions.get(name) for name in _VERSIONS}
    yield "Versions", ", ".join(f"{name} {words(one)}" for name, one in versions.items() if one)


def proven(subject: Subject, reproductions: Mapping[str, ReproductionRecord]) -> Iterator[str]:
    """Yield what was proven of the run and its files."""
    yield heading("What is proven")
    yield bullets(_proven(subject, reproductions))


def _proven(subject: Subject, reproductions: Mapping[str, ReproductionRecord]) -> Iterator[Fact]:
    yield "Files", _verified(verify_run(subject.path))
    if subject.imported:
        return
    yield "Interruptions", _interruptions(subject)
    again = [f"run {words(name)} is {_verdict(one)}" for name, one in reproductions.items()]
    yield "Done again", "; ".join(again) or "by no run beside it"


def _verified(report: Report) -> str:
    if report.problems:
        file, what = report.problems[0]
        more = f" ({len(report.problems)} problems in all)" if len(report.problems) > 1 else ""
        return f"not whole when this was written: {code(file)}: {words(what)}{more}"
    found = {"files": "hashed files", "rows": "rows", "checkpoints": "checkpoints"}
    counted = ", ".join(f"{title} {report.counts[key]:,}" for key, title in found.items())
    return f"whole when this was written, checked as `stride verify` does ({counted})"


def _interruptions(subject: Subject) -> str:
    resumed = subject.segments[1:]
    if not resumed:
        return "none, it was trained in one go" if subject.is_done else ""
    steps = ", ".join(f"{one.from_step:,}" for one in resumed)
    inexact = {part: why for one in resumed for part, why in _inexact(one).items()}
    told = "; ".join(f"{words(part)}: {words(why)}" for part, why in inexact.items())
    how = f"not all was restored exactly: {told}" if told else "all was restored bit by bit"
    return f"resumed at step {steps}; {how}"


def _inexact(segment: SegmentRecord) -> Mapping[str, str]:
    return {} if segment.fidelity is None else segment.fidelity.inexact


def _verdict(record: ReproductionRecord) -> str:
    if record.identical:
        return f"bit-identical over {record.steps:,} steps, weights {record.weights}"
    step = record.first_divergent_step
    where = "not bit-identical" if step is None else f"diverged at step {step:,}"
    return ": ".join([where, *map(words, record.causes[:1])])


def limits() -> Iterator[str]:
    """Yield what only the author can say."""
    yield heading("Bias, risks and limitations")
    yield to_write("What it gets wrong, whom that may harm, and what users should do about it.")
