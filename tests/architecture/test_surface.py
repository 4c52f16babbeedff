"""The public names and the command line, pinned: they change on purpose or not at all."""

import subprocess
import sys
from importlib import import_module

import pytest
import typer.main

import stride
from stride.components.imports import load
from stride_cli.app import app

PUBLIC = [
    "ActiveTrainer",
    "AsyncEvaluator",
    "BatchedTrainer",
    "Block",
    "Callback",
    "Config",
    "DataBlock",
    "Evaluator",
    "Kind",
    "Logger",
    "LrFindTrainer",
    "Model",
    "RLTrainer",
    "ReconstructionTrainer",
    "Run",
    "Step",
    "StrideError",
    "Sweeper",
    "Trainer",
    "TrainerLike",
    "__version__",
    "load_run",
    "open_runs",
    "run_benchmark",
]

DEEP = {
    "stride.active.calibration": ["Reliability", "RetrainTrigger", "reliability", "temperature"],
    "stride.active.calibration.temperature": ["fit_temperature"],
    "stride.active.curves.groups": ["group_curves"],
    "stride.active.drift": ["DriftingDataset"],
    "stride.active.pool": ["Pool"],
    "stride.active.strategies.scores": ["entropy"],
    "stride.active.transferability": ["h_score", "leep", "log_me", "n_leep", "nce"],
    "stride.benchmark": ["benchmark"],
    "stride.data": ["ArrayDataset"],
    "stride.data.array_dataset": ["ArrayDataset"],
    "stride.data.digits": ["digits"],
    "stride.exchange.export.export": ["export_runs"],
    "stride.metrics": ["Metric", "Sums"],
    "stride.metrics.detection": [
        "BestF1",
        "DetectionScores",
        "FalsePositiveRate",
        "LabelledScores",
        "detection_scores",
    ],
    "stride.models.mlp": ["MLP"],
    "stride.report.card.card": ["card"],
    "stride.report.page": ["write_report"],
    "stride.stats.paired": ["Paired", "differences"],
    "stride.sweeps.search.pruners.pfl": ["PFLPruner"],
    "stride.trainers.active": ["ActiveTrainer"],
    "stride.trainers.active.comparison": ["Comparison"],
    "stride.trainers.lr_find": ["LrFindTrainer"],
    "stride.trainers.reconstruction": ["ReconstructionTrainer"],
}
"""What pages and examples import by its full path."""

MOVED = {
    "stride.active.candidates": "stride.active.pool.candidates:Candidates",
    "stride.active.groups": "stride.active.curves.groups:group_curves",
    "stride.active.scaling": "stride.active.calibration.temperature:fit_temperature",
    "stride.active.scores": "stride.active.strategies.scores:entropy",
    "stride.engine.metrics": "stride.metrics:Metric",
    "stride.trainers.comparing": "stride.trainers.active.comparison:Comparison",
}
"""Where a name used to be, for one version, and where it is."""

COMMAND_LINE = """\
stride --config KEY=VALUE... --config-file FILE --force --dry-run --trust --debug --version
stride active W --compare A,B --seeds N --config KEY=VALUE... --metric|-m NAME --target X \
--trust --json --csv
stride agent-info --schema COMMAND
stride benchmark W [KEY=VALUE]... --models A,B --baselines A,B --datasets X,Y --file FILE \
--epochs N --seeds K --config KEY=VALUE... --config-file FILE --workers N --pack auto|off|N \
--retry-failed --plan --metric|-m NAME... --mode MODE --where QUERY --trust --json --csv --md \
--latex
stride better W A B --metric|-m NAME --over A,B --mode MODE --run --seeds N --plan --trust --json
stride cancel RUN
stride card RUN --out|-o FILE
stride check [KEY=VALUE]... --work-dir|-w W --config KEY=VALUE... --config-file FILE --resume \
--trust --json
stride compare RUN... --metric|-m NAME... --where QUERY --json --csv --md --latex
stride completion SHELL
stride config [W|RUN] [KEY=VALUE]... --config KEY=VALUE... --config-file FILE --set KEY=VALUE... \
--changed --json
stride diff RUN OTHER --all --json --md --latex
stride evaluate RUN [KEY=VALUE]... --split SPLIT --metrics A,B --follow|-f --every S \
--episodes N --render video --stochastic --config KEY=VALUE... --trust --json
stride export RUN|W... --to TOOL --out|-o FOLDER --where QUERY --all --json
stride fork RUN [KEY=VALUE]... --at AT --config KEY=VALUE... --budget TIME --data-root DIR --trust
stride import SOURCE... --work-dir|-w W --from TOOL --run NAME --monitor NAME --mode MODE --again \
--json
stride label RUN --page --no-resume --by NAME --list --json --data-root DIR --trust
stride launch [KEY=VALUE]... --work-dir|-w W --config KEY=VALUE... --config-file FILE \
--nodes N --gpus-per-node G \
--tasks-per-node T --cpus-per-task C --time TIME --partition P --requeue --signal-seconds S \
--sbatch KEY=VALUE... --array N --sweep NAME --wait S --dry-run --trust
stride logs RUN --rank R --job --follow|-f
stride lr-find [W] [KEY=VALUE]... --config KEY=VALUE... --config-file FILE --min LR --max LR \
--steps N --trust --json
stride ls W... --metric|-m NAME... -n N --all --jobs --curve --where QUERY --sort [-]NAME \
--columns A,B --json --csv --md --latex
stride metrics RUN --metric|-m NAME... --points N --steps --evaluations --json --csv --md --latex
stride note RUN [TEXT]
stride overview PLACE
stride path RUN
stride plot RUN|W... --metric|-m NAME... --where QUERY --by A,B --x step|epoch|time|NAME \
--smooth W --log --height N --out|-o FILE --json
stride predict RUN --out|-o FILE --split SPLIT --batch-size N --device DEVICE --force --trust --json
stride prune RUN|W... --where QUERY --keep WHAT --dry-run --yes|-y --json
stride purge W|W/RUN... --older AGE --dry-run --yes|-y
stride report RUN|W... --metric|-m NAME... --where QUERY --out|-o PAGE
stride reproduce RUN --steps N --code --data-root DIR --trust --json
stride restore W/RUN... --last --as NAME --json
stride resume RUN [KEY=VALUE]... --config KEY=VALUE... --budget TIME --data-root DIR --trust
stride rm RUN|W... --where QUERY --dry-run --json
stride show RUN --json --records
stride stats W... --metric|-m NAME... --over A,B --where QUERY --mode MODE --tasks A,B --normalize \
--scaling --json --csv --md --latex
stride sweep W [KEY=VALUE]... --grid KEY=V,V... --search KEY=DIM... --lr-sweep V... \
--wd-sweep V... --file FILE... --runs FILE --config KEY=VALUE... --config-file FILE --name NAME \
--trials N --sampler S --pruner P --seeds K --seed N --metric|-m M --mode MODE --workers N \
--pack auto|off|N --storage URL --stop-on-error --retry-failed --plan --resume --report --plots \
--html --trust --json
stride tag RUN|W... +TAG... -TAG... --where QUERY --json
stride train [KEY=VALUE]... --work-dir|-w W --config KEY=VALUE... --config-file FILE --force \
--budget TIME --dry-run --trust
stride verify RUN... --all --where QUERY --json
"""


def test_the_public_names() -> None:
    assert stride.__all__ == PUBLIC
    assert dir(stride) == PUBLIC


def test_every_public_name_is_there() -> None:
    for name in PUBLIC:
        assert getattr(stride, name) is not None


@pytest.mark.parametrize("module", DEEP)
def test_a_path_that_pages_name_leads_somewhere(module: str) -> None:
    assert all(getattr(import_module(module), name) for name in DEEP[module])


@pytest.mark.parametrize("old", MOVED)
def test_a_name_is_found_at_its_old_place_for_one_version(old: str) -> None:
    new, _, name = MOVED[old].partition(":")
    here = getattr(import_module(new), name)
    with pytest.warns(DeprecationWarning, match=f"{old}.{name} is {new}.{name} now") as told:
        assert getattr(import_module(old), name) is here
    assert told[0].filename == __file__
    with pytest.warns(DeprecationWarning):  # as a config names it
        assert load(f"{old}:{name}") is here
    with pytest.raises(AttributeError, match=f"module '{old}' has no attribute 'nothing'"):
        _ = import_module(old).nothing


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    assert not hasattr(stride, "trainr")


def words(parameter: typer.CallbackParam | object) -> str:
    """Return how a parameter is typed: its names, and what follows them."""
    is_option = getattr(parameter, "param_type_name", "") == "option"
    metavar = getattr(parameter, "metavar", None) or ""
    if not is_option:
        return metavar
    names = "|".join(getattr(parameter, "opts", []))
    repeated = "..." if getattr(parameter, "multiple", False) else ""
    return f"{names} {metavar}{repeated}".strip()


def surface() -> str:
    """Return every command with its parameters, one a line."""
    root = typer.main.get_command(app)
    commands = {"": root, **dict(sorted(getattr(root, "commands", {}).items()))}
    lines = []
    for name, command in commands.items():
        parameters = [words(parameter) for parameter in command.params]
        lines.append(" ".join(word for word in ["stride", name, *parameters] if word))
    return "\n".join(lines) + "\n"


def test_the_command_line() -> None:
    assert surface() == COMMAND_LINE


def test_every_command_and_option_has_help() -> None:
    root = typer.main.get_command(app)
    for command in [root, *getattr(root, "commands", {}).values()]:
        assert command.help
        assert all(getattr(parameter, "help", None) for parameter in command.params), command.name


def test_both_names_are_one_program() -> None:
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code, "--help"], capture_output=True, text=True, timeout=60
        ).stdout
        for code in (
            "from stride_cli.app import main; main()",
            "import runpy; runpy.run_module('stride', run_name='__main__')",
        )
    }
    assert len(outputs) == 1
    assert outputs.pop().startswith("Usage: stride [OPTIONS] COMMAND [ARGS]...")
