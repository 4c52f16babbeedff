"""The names of built-in components, and the modules of torch whose classes have names too."""

from collections.abc import Mapping

BUILT_IN: Mapping[str, Mapping[str, str]] = {
    "dataset": {
        "digits": "stride.data.digits:digits",
        "table": "stride.data.table:table",
        "arrays": "stride.data.arrays:arrays",
        "sines": "stride.data.series.sines:sines",
        "ucr": "stride.data.series.ucr:ucr",
        "ecg5000": "stride.data.series.ucr:ecg5000",
        "csv_series": "stride.data.series.csv_series:csv_series",
        "tsb_ad": "stride.data.series.tsb_ad:tsb_ad",
        "kdd_tsad_135": "stride.data.series.tsb_ad:kdd_tsad_135",
        "smd": "stride.data.series.smd:smd",
        "series_arrays": "stride.data.series.series_arrays:series_arrays",
    },
    "model": {
        "MLP": "stride.models.mlp:MLP",
        "FCNN": "stride.models.fcnn:FCNN",
        "CNN": "stride.models.cnn:CNN",
        "ResNet": "stride.models.resnet:ResNet",
        "FeedForwardAE": "stride.models.autoencoders.feed_forward:FeedForwardAE",
        "LSTMAE": "stride.models.autoencoders.recurrent:LSTMAE",
        "GRUAE": "stride.models.autoencoders.recurrent:GRUAE",
        "CNNAE": "stride.models.autoencoders.convolutional:CNNAE",
        "TransformerAE": "stride.models.autoencoders.transformer:TransformerAE",
        "LOF": "stride.models.detectors.neighbours:LOF",
        "KNN": "stride.models.detectors.neighbours:KNN",
        "IsolationForest": "stride.models.detectors.isolation_forest:IsolationForest",
        "MatrixProfile": "stride.models.detectors.matrix_profile:MatrixProfile",
        "Candidates": "stride.active.pool.candidates:Candidates",
        "ActorCritic": "stride.rl.networks.actor_critic:ActorCritic",
        "QNetwork": "stride.rl.networks.q_network:QNetwork",
        "SoftActorCritic": "stride.rl.networks.soft_actor_critic:SoftActorCritic",
    },
    "criterion": {},
    "optimizer": {},
    "scheduler": {
        "WarmupCosine": "stride.engine.optim.warmup:WarmupCosine",
        "WarmupLinear": "stride.engine.optim.warmup:WarmupLinear",
        "HyperbolicLR": "stride.engine.optim.hyperbolic:HyperbolicLR",
        "ExpHyperbolicLR": "stride.engine.optim.hyperbolic:ExpHyperbolicLR",
    },
    "trainer": {
        "supervised": "stride.trainer.trainer:Trainer",
        "active": "stride.trainers.active.trainer:ActiveTrainer",
        "lr_find": "stride.trainers.lr_find.trainer:LrFindTrainer",
        "reconstruction": "stride.trainers.reconstruction.trainer:ReconstructionTrainer",
        "rl": "stride.trainers.rl.trainer:RLTrainer",
        "by_epochs": "stride.benchmark.by_epochs.trainer:ByEpochsTrainer",
    },
    "callback": {},
    "logger": {
        "csv": "stride.loggers.csv:CsvLogger",
        "tensorboard": "stride.loggers.tensorboard:TensorBoardLogger",
        "wandb": "stride.loggers.wandb:WandbLogger",
    },
    "transform": {},
    "strategy": {},
    "algorithm": {
        "PPO": "stride.rl.algorithms.ppo:PPO",
        "DQN": "stride.rl.algorithms.dqn:DQN",
        "SAC": "stride.rl.algorithms.sac:SAC",
        "REINFORCE": "stride.rl.algorithms.reinforce:REINFORCE",
    },
    "metric": {},
}
"""kind -> name -> import path."""

TORCH: Mapping[str, str] = {
    "model": "torch.nn",
    "criterion": "torch.nn.modules.loss",
    "optimizer": "torch.optim",
    "scheduler": "torch.optim.lr_scheduler",
}
"""kind -> the module of torch whose public classes may be named."""

LOADER = "torch.utils.data.dataloader:DataLoader"

UNNAMED: Mapping[str, tuple[str, ...]] = {
    "model": ("FCNN", "CNN", "MLP"),
    "criterion": ("CrossEntropyLoss", "MSELoss"),
}
"""kind -> what the data may choose where the config names none."""


def possible_paths(kind: str, name: str | None) -> list[str]:
    """Return the import paths of what a name stands for; of no name, of all it may become."""
    names = UNNAMED.get(kind, ()) if name is None else (name,)
    return [_path(kind, one) for one in names]


def _path(kind: str, name: str) -> str:
    if ":" in name:
        return name
    return BUILT_IN[kind].get(name) or f"{TORCH.get(kind, '')}:{name}"
