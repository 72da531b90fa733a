"""Vectors and tags together: the objective of the model that ships with the package.

Two images of a garment pull together against everything else in the batch (supervised contrastive loss, Khosla et al.,
NeurIPS 2020); tags are learned from whatever each set labels.
"""

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from pytorch_metric_learning.losses import SupConLoss
from torch import Tensor, nn
from torch.utils.data import DataLoader

from fashion_cli.data.annotations import Annotation, read_manifest, require_column
from fashion_cli.data.datasets import GarmentPairs, PairBatch
from fashion_cli.data.images import ImageReader
from fashion_cli.data.samplers import SimilarGarments, repeat_factors
from fashion_cli.data.targets import gather_vocabulary, targets
from fashion_cli.data.transforms import Augmentation
from fashion_cli.errors import AnnotationError
from fashion_cli.inference.engine import processors
from fashion_cli.layers.batch_norm import restore_statistics
from fashion_cli.layers.tag_probabilities import tag_probabilities
from fashion_cli.losses.tags import masked_tag_loss
from fashion_cli.metrics.tags import average_precision, best_thresholds, top_accuracy
from fashion_cli.model_cards import InputSpec, ModelCard, TagGroup, Vocabulary
from fashion_cli.training.recipe import Recipe, SetSection, StageSection
from fashion_cli.training.tag_head import refit_tag_head
from fashion_cli.training.task import StepOutput
from fashion_cli.zoo import build_model, load_weights

VAL_BATCH = 64
STATISTICS_BATCHES = 8  # enough for batch-norm statistics; a thousand images and more


class MultitaskTask:
    """The sets of a recipe, the network, and what is minimised.

    Args:
        recipe: The whole recipe.
        data: The folder that manifests are relative to.
        init: Pretrained trunk by the network's own names, or None for random weights.

    Raises:
        AnnotationError: If a manifest lacks a column or there is no training photograph.
        WeightsError: If `init` does not fit.
    """

    def __init__(self, recipe: Recipe, data: Path, init: Path | None) -> None:
        self.recipe = recipe
        self.epochs = sum(stage.epochs for stage in recipe.stages)
        read = [(section, _read_set(data, section)) for section in recipe.sets]
        training = [(section.labels, _split(rows, "train")) for section, rows in read]
        groups = [(group.name, group.exclusive) for group in recipe.groups]
        self.vocabulary = gather_vocabulary(groups, training, recipe.least_photographs)
        train, val = ([(section, _split(rows, split)) for section, rows in read] for split in ("train", "val"))
        self.train = _Photographs(self.vocabulary, train, recipe.rare_below)
        self.val = _Photographs(self.vocabulary, val, rare_below=0)
        self.weights = {group.name: group.weight for group in recipe.groups}
        if not self.train.paths:
            raise AnnotationError(
                f"{data}: no photograph with split=train", hint="the column `split` holds train or val"
            )
        torch.manual_seed(recipe.seed)  # the network's first weights
        self.network = build_model(self.card())
        if init is not None:
            load_weights(self.network, init, partly=True)
            restore_statistics(self.network, self._statistics_batches())
        self.contrastive = SupConLoss(temperature=recipe.loss.temperature)

    def card(self, thresholds: Sequence[float] = ()) -> ModelCard:
        """The model's card; without thresholds every tag's is 0.5."""
        section, last = self.recipe.model, self.recipe.stages[-1]
        cuts = list(thresholds) or [0.5] * len(self.vocabulary)
        groups = tuple(
            TagGroup(group.name, group.tags, group.exclusive, tuple(cuts[self.vocabulary.columns[group.name]]))
            for group in self.vocabulary.groups
        )
        return ModelCard(
            name=section.name,
            architecture=section.architecture,
            summary=section.summary,
            source=section.source,
            licence=section.licence,
            vector_width=section.vector_width,
            input=InputSpec(last.height, last.width, section.mean, section.std),
            vocabulary=Vocabulary(groups),
        )

    @property
    def identity(self) -> str:
        """Differs where a checkpoint of one task would be wrong for the other: recipe, vocabulary, photographs."""
        told = (self.recipe, self.vocabulary, self.train.paths, self.val.paths)
        return sha256(repr(told).encode(errors="surrogateescape")).hexdigest()

    def parameter_groups(self) -> list[dict[str, Any]]:
        rates = self.recipe.optimiser
        trunk = [value for name, value in self.network.named_parameters() if name.startswith("features.")]
        heads = [value for name, value in self.network.named_parameters() if not name.startswith("features.")]
        return [{"params": trunk, "lr": rates.trunk_rate}, {"params": heads, "lr": rates.head_rate}]

    def steps_per_epoch(self) -> Sequence[int]:
        return [len(self._sampler(self._stage(epoch))) for epoch in range(self.epochs)]

    def batches(self, epoch: int) -> DataLoader[Any]:
        stage = self._stage(epoch)
        pairs = GarmentPairs(
            self.train.paths,
            self.train.targets,
            self.train.garments,
            InputSpec(stage.height, stage.width, self.recipe.model.mean, self.recipe.model.std),
            Augmentation(**vars(self.recipe.augment)),
            self.recipe.seed,
            processors(),
        )
        sampler = self._sampler(stage)
        pairs.epoch = sampler.epoch = epoch
        return DataLoader(pairs, batch_sampler=sampler, collate_fn=_as_it_is)

    def step(self, network: nn.Module, batch: PairBatch) -> StepOutput:
        outputs = network(batch.images)
        tags = masked_tag_loss(outputs.logits, batch.targets, self.vocabulary, self.weights)
        vectors = self.contrastive(outputs.vectors, batch.garments)
        loss = self.recipe.loss.tags * tags + self.recipe.loss.vectors * vectors
        return StepOutput(loss, {"tag_loss": float(tags.detach()), "vector_loss": float(vectors.detach())})

    def refit_tags(self, network: nn.Module) -> None:
        """Give the network the best linear tag head on its features, in place."""
        weights, biases = refit_tag_head(
            (self._pooled(network, self.train.paths), self.train.targets),
            (self._pooled(network, self.val.paths), self.val.targets),
            self.vocabulary,
        )
        network.get_submodule("tag_head").load_state_dict({"weight": weights, "bias": biases})

    def validate(self, network: nn.Module) -> Mapping[str, float]:
        """Per group the mean average precision and the top-1 accuracy on `val`."""
        scores = self.scores(network)
        figures = {}
        for name, window in self.vocabulary.columns.items():
            truths = self.val.targets[:, window]
            if not (truths == 1).any():
                continue
            figures[f"{name}/mAP"] = float(np.nanmean(average_precision(scores[:, window], truths)))
            figures[f"{name}/top1"] = top_accuracy(scores[:, window], truths)
        return {name: round(value, 4) for name, value in figures.items()}

    def thresholds(self, network: nn.Module) -> list[float]:
        """The threshold of each tag, chosen on `val`; of an exclusive group only the best answer ever counts."""
        scores = self.scores(network)
        for group in self.vocabulary.groups:
            if group.exclusive:
                answers = scores[:, self.vocabulary.columns[group.name]]
                answers[answers < answers.max(axis=1, keepdims=True)] = 0
        return [round(float(cut), 3) for cut in best_thresholds(scores, self.val.targets)]

    @torch.inference_mode()
    def scores(self, network: nn.Module) -> npt.NDArray[np.float32]:
        """(N, T) probabilities of the `val` photographs."""
        device = next(network.parameters()).device
        parts = [
            tag_probabilities(network(images.to(device)).logits, self.vocabulary).cpu().numpy()
            for images in self._plain(self.val.paths, self.card().input)
        ]
        return np.concatenate(parts) if parts else np.zeros((0, len(self.vocabulary)), np.float32)

    @torch.inference_mode()
    def _pooled(self, network: nn.Module, paths: Sequence[Path]) -> npt.NDArray[np.float32]:
        """(N, C) features in front of the heads."""
        device = next(network.parameters()).device
        images = self._plain(paths, self.card().input)
        parts = [network.pooled(each.to(device)).cpu().numpy() for each in images]  # type: ignore[operator]
        return np.concatenate(parts)

    def _stage(self, epoch: int) -> StageSection:
        for stage in self.recipe.stages:
            if epoch < stage.epochs:
                return stage
            epoch -= stage.epochs
        raise IndexError(epoch)

    def _sampler(self, stage: StageSection) -> SimilarGarments:
        return SimilarGarments(
            self.train.similar, self.train.shares, stage.garments, self.recipe.similar_share, self.recipe.seed
        )

    def _statistics_batches(self) -> Iterator[Tensor]:
        dice = np.random.default_rng(self.recipe.seed)
        count = min(len(self.train.paths), STATISTICS_BATCHES * VAL_BATCH)
        rows = dice.choice(len(self.train.paths), count, replace=False)
        return self._plain([self.train.paths[row] for row in rows], self.card().input)

    @staticmethod
    def _plain(paths: Sequence[Path], spec: InputSpec) -> Iterator[Tensor]:
        """Normalised batches as inference sees them."""
        reader = ImageReader(spec, fast=True)
        mean, std = (torch.tensor(each).view(3, 1, 1) for each in (spec.mean, spec.std))
        for start in range(0, len(paths), VAL_BATCH):
            pixels = np.stack([reader.read(path).pixels for path in paths[start : start + VAL_BATCH]])
            images = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255
            yield ((images - mean) / std).contiguous(memory_format=torch.channels_last)


class _Photographs:
    """The photographs of one split, all sets together, and the garments on them."""

    def __init__(
        self, vocabulary: Vocabulary, sets: Sequence[tuple[SetSection, Sequence[Annotation]]], rare_below: float
    ) -> None:
        self.paths: list[Path] = []
        self.garments: list[list[int]] = []
        self.similar: list[str] = []
        matrices = [np.zeros((0, len(vocabulary)), np.int8)]
        counts = []
        for section, annotations in sets:
            before = len(self.garments)
            self._add(section, annotations)
            counts.append(len(self.garments) - before)
            matrices.append(targets(vocabulary, section.labels, section.absent, annotations))
        self.targets = np.concatenate(matrices)
        self.shares = self._shares(repeat_factors(self.targets, vocabulary, rare_below), sets, counts)

    def _shares(
        self,
        factors: npt.NDArray[np.float64],
        sets: Sequence[tuple[SetSection, Sequence[Annotation]]],
        counts: Sequence[int],
    ) -> list[float]:
        """How often an epoch takes each garment: on average over a set's garments, what the recipe says."""
        factor = np.array([factors[rows].max() for rows in self.garments])
        ends = np.cumsum(counts)
        for (section, _), end, count in zip(sets, ends, counts, strict=True):
            own = factor[end - count : end]
            own *= section.share / own.mean() if count else 1.0
        return [float(share) for share in factor]

    def _add(self, section: SetSection, annotations: Sequence[Annotation]) -> None:
        rows: dict[str, list[int]] = {}
        for annotation in annotations:
            item = annotation.values[section.item] if section.item else ""
            key = item or str(annotation.path)
            if key not in rows:
                value = annotation.values[section.similar] if section.similar else ""
                self.similar.append(f"{section.manifest}:{value}")
                rows[key] = []
            rows[key].append(len(self.paths))
            self.paths.append(annotation.path)
        self.garments.extend(rows.values())


def _read_set(data: Path, section: SetSection) -> list[Annotation]:
    manifest = data / section.manifest
    annotations = list(read_manifest(manifest))
    columns = [section.item, section.similar, "split", *(rule.column for rule in section.labels)]
    for column in filter(None, columns):
        require_column(manifest, annotations, column)
    return annotations


def _split(annotations: Sequence[Annotation], split: str) -> list[Annotation]:
    return [annotation for annotation in annotations if annotation.split == split]


def _as_it_is(batch: Any) -> Any:
    """The dataset makes whole batches itself."""
    return batch
