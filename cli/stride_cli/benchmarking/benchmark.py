"""`stride benchmark`: read what is asked, and train it as a sweep of listed runs."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from stride_cli.output import tell
from stride_cli.sweeping.asked import Asked, require_one_process
from stride_cli.sweeping.sweep import How, Shown, run_asked

if TYPE_CHECKING:
    from stride.config import Layer
    from stride.sweeps.sweep import Sweep


LISTED = ("models", "baselines", "datasets")
"""What is listed by words, and called as the options are."""


def run(asked: Asked, how: How, print_table: Callable[[], None], *, plan: bool) -> None:
    """Train what is missing of a benchmark, and print the table; or say what would be trained.

    Args:
        asked: which trials.
        how: it is worked on.
        print_table: called at the end.
        plan: whether nothing is trained.
    """

    def end(sweep: "Sweep") -> None:
        from stride.sweeps.following.standing import standing_of
        from stride.sweeps.following.words import counted
        from stride_cli.sweeping.end import require_success

        standing = standing_of(sweep)
        tell(f"sweep {sweep.paths.name}: {counted(standing)}")
        require_success(sweep, standing)
        print_table()

    shown = Shown(end, names_best=False, again="the same command again")
    run_asked(asked, how, shown, plan=plan)


def read_asked(
    work_dir: str, words: Mapping[str, Any], file: str | None, config_file: str | None
) -> Asked:
    """Return the sweep that a file and words ask for; refuse what is mistyped, without torch.

    Args:
        work_dir: of the benchmark.
        words: those of LISTED as texts, and what `words_layer` takes.
        file: that says more, which words are stronger than.
        config_file: of the config that all trials start from.

    Raises:
        UserError: a key or value of any trial is wrong.
    """
    from stride.benchmark.spec import NAME, Benchmark, cell_name
    from stride.components.early import refuse_mistyped
    from stride.config import resolve_layers
    from stride.config.layers import with_origins
    from stride.config.sweep.checks import require_keys
    from stride.errors import ConfigError

    require_one_process()
    below = resolve_layers(config_file=config_file, overrides={"work_dir": work_dir})
    layer = _layer(words, file)
    try:
        spec = Benchmark.from_json(layer.values).sweep(below)
    except ConfigError as error:
        raise with_origins(error, layer.origin) from None
    require_keys(
        spec, lambda overrides: refuse_mistyped(below.override(overrides)), called=cell_name
    )
    return Asked(work_dir, spec, below.override(spec.overrides), config_file, NAME)


def _layer(words: Mapping[str, Any], file: str | None) -> "Layer":
    """Return the fields of a benchmark, those of words over those of a file."""
    from stride.benchmark.spec import from_words
    from stride.config.layers import Layer, file_layer
    from stride.config.sweep.assembly import lay_over
    from stride.config.sweep.whole_keys import with_whole_keys
    from stride.config.sweep.words import words_layer
    from stride.config.typed_keys import declared_key

    entries = from_words({key: words[key] for key in LISTED if key in words})
    others = {key: one for key, one in words.items() if key not in LISTED}
    typed = words_layer(**others, **entries).values
    if file is None:
        return Layer("command line", typed)
    below = file_layer(file)
    fields = (with_whole_keys(one, declared_key) for one in (below.values, typed))
    return Layer(below.name, lay_over(*fields), below.origins)
