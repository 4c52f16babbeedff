"""The training split as a pool: which of its samples are labelled, and by whom."""

import torch
from torch import Tensor

from stride.active.initial_set import start_ids
from stride.active.rounds import Rounds
from stride.config.schema import Config
from stride.data import Data
from stride.data.array_dataset import ArrayDataset, rows
from stride.errors import DataError
from stride.models.steps.batch import split_batch
from stride.runs.layout import RunPaths
from stride.trainer.fit.session import Session
from stride.trainers.active.compatibility import order_of, reader_of
from stride.trainers.active.human_oracle import HumanOracle, unknown


class LabelledPool:
    """Train on the labelled samples of a dataset, and read all of them by their ids.

    Args:
        config: whose `active_config` names the first labelled samples, and who gives labels.
        data: whose training split is the pool; its batches become those of the labelled samples.

    Attributes:
        rounds: the labelled samples.
        oracle: who is asked for labels; None, where the dataset knows them.
        reader: reads samples by their ids.
        order: of the samples that are trained on.

    Raises:
        DataError: the split has no samples to choose from, or does not know labels that it must.
        ConfigError: a sampler of the user's chooses the samples.
    """

    def __init__(self, config: Config, data: Data) -> None:
        self.order = order_of(data)
        active, self._source = config.active_config, data.sources["train"]
        self.reader = reader_of(self._source, data, config)
        self.oracle = HumanOracle(self._source) if active.oracle == "person" else None
        length = len(self.reader)
        ids = start_ids(active.start, active.start_size, length, self._all_targets, config.seed)
        if self.oracle is None:
            whole = isinstance(self._source, ArrayDataset)  # else reading all would take too long
            self.require_known(torch.arange(length) if whole else ids)
        self.order.choose(ids)
        self.rounds = Rounds(ids)
        self._arranged = -1

    def _all_targets(self) -> Tensor:
        return self._targets(torch.arange(len(self.reader)))

    def _targets(self, ids: Tensor) -> Tensor:
        """Return what the dataset has; of arrays without a look at the inputs."""
        if isinstance(self._source, ArrayDataset) and len(self._source.tensors) > 1:
            return rows(self._source.tensors[1], ids)
        return torch.cat([split_batch(batch)[1] for batch in self.reader(ids)]).cpu()

    def unknown_start(self) -> Tensor:
        """Return those of the labelled samples whose labels the dataset does not know."""
        labelled = self.rounds.labelled
        return labelled[unknown(self._targets(labelled))]

    def require_known(self, ids: Tensor) -> None:
        """Refuse samples whose labels are neither in the dataset nor asked for.

        Raises:
            DataError: tells how many they are.
        """
        count = int(unknown(self._targets(ids)).sum())
        if count:
            raise DataError(
                f"the dataset does not know the labels of {count} of {len(ids)} samples",
                where="dataset_kwargs.dataset_name",
                hint="type: active_config.oracle=person, and a person is asked for them",
            )

    def arrange(self, session: Session, paths: RunPaths | None) -> None:
        """Let a session train on the samples of the round under way, with a person's labels.

        Args:
            session: which trains.
            paths: of the run that a person's labels are in.
        """
        number = self.rounds.number
        if self.oracle is not None and paths is not None and number != self._arranged:
            source = self.oracle.label(session, paths, self.rounds.labelled)
            data = session.assembly.data
            self.reader = reader_of(source, data, session.assembly.config)
            self.order = order_of(data)
        self._arranged = number
        self.order.choose(self.rounds.labelled)
