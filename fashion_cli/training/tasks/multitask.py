"""Vectors and tags: the objective of every recipe, from retrieval alone to attributes alone.

Images of one garment pull together against everything else in the batch, by any loss of `losses.vectors`; tags are
learned from whatever each set labels, as probabilities of groups or as the 1 / -1 attributes of Lim & Nang. A weight of
0 leaves one of the two out.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from fashion_cli.data.annotations import Annotation
from fashion_cli.data.datasets import GarmentBatch, GarmentImages
from fashion_cli.data.samplers import SimilarGarments
from fashion_cli.data.targets import gather_vocabulary, rare_tag_notes
from fashion_cli.data.transforms import Augmentation
from fashion_cli.errors import AnnotationError, RecipeError
from fashion_cli.inference.processors import processors
from fashion_cli.initial_weights import fetch_initial, load_initial
from fashion_cli.layers.batch_norm import restore_statistics
from fashion_cli.losses.attributes import class_weights
from fashion_cli.model_cards import CategoryPrior, InputSpec, ModelCard, TagGroup, Vocabulary
from fashion_cli.training.label_graph import ARCHITECTURES, LabelGraph, build_label_graph
from fashion_cli.training.multitask_loss import MultitaskLoss
from fashion_cli.training.photographs import Photographs, read_set
from fashion_cli.training.plain_batches import BATCH, plain_batches, pool_unvaried, predict_unvaried
from fashion_cli.training.recipe import Recipe
from fashion_cli.training.recipe_sections import StageSection
from fashion_cli.training.tag_head import refit_tag_head
from fashion_cli.training.task import StepOutput, TrainingContext
from fashion_cli.training.teachers import open_teacher, teacher_vectors
from fashion_cli.training.val_figures import fit_thresholds, retrieval_figures, tag_figures
from fashion_cli.zoo import TRUNK_PREFIX, build_model

STATISTICS_BATCHES = 8  # enough for batch-norm statistics; a thousand images and more


class MultitaskTask:
    """The sets of a recipe, the network, and what is minimised.

    Args:
        recipe: The whole recipe.
        data: The folder that sources are relative to.
        init: What the network starts from, as `initial_weights.load_initial` takes it, or None for random weights.
        run: Where it is trained.

    Attributes:
        network: What is trained.
        objective: The loss; proxies, teachers' heads and the like are parameters of its own.
        teachers: The models that it learns from.
        graph: What a network with a label graph knows of its labels; None for all others.
        unreadable: Training photographs that were passed over, and why.
        notes: What a person should know of what the network starts from.

    Raises:
        AnnotationError: If a set lacks a column or there is no training photograph.
        RecipeError: If a loss is unknown, or the recipe asks for tags or vectors that nothing teaches.
        WeightsError: If `init` does not fit.
    """

    def __init__(self, recipe: Recipe, data: Path, init: str | None, run: TrainingContext) -> None:
        self.recipe = recipe
        self.epochs = sum(stage.epochs for stage in recipe.stages)
        sets = [(section, read_set(section, data)) for section in recipe.sets]
        groups = [(group.name, group.exclusive) for group in recipe.groups]
        labelled = [(section.labels, _split(rows, "train")) for section, rows in sets]
        self.vocabulary = gather_vocabulary(groups, labelled, recipe.least_photographs)
        train, val = ([(section, _split(rows, split)) for section, rows in sets] for split in ("train", "val"))
        self.train = Photographs(self.vocabulary, train, recipe.rare_below)
        self.val = Photographs(self.vocabulary, val, rare_below=0)
        if not self.train.paths:
            raise AnnotationError(
                f"{data}: no photograph with split=train", hint="the column `split` holds train or val"
            )
        self._check()
        self.unreadable: dict[str, str] = {}
        self.options: dict[str, Any] = dict(recipe.model.options)  # for the card
        rows = [annotation for _, annotations in train for annotation in annotations]
        self.graph = self._label_graph(rows, data)
        left_out = rare_tag_notes(gather_vocabulary(groups, labelled, 1), self.vocabulary, recipe.least_photographs)
        self.notes = (*left_out, *(self.graph.notes if self.graph is not None else ()))
        fetched = fetch_initial(self.card(), init) if init is not None else None
        self.options |= fetched.options if fetched is not None else {}
        student = self._input(recipe.stages[-1])
        self.teachers = [open_teacher(each, student, self._augmentation, recipe.seed) for each in recipe.teachers]
        torch.manual_seed(recipe.seed)  # the network's first weights
        self.network = build_model(self.card())
        if self.graph is not None:
            vectors, adjacency = (torch.from_numpy(each) for each in (self.graph.vectors, self.graph.adjacency))
            self.network.set_label_graph(vectors, adjacency)  # type: ignore[operator]
        self._check_refit()
        self.objective = MultitaskLoss(
            recipe,
            self.vocabulary,
            len(self.train.garments),
            class_weights(self.train.targets),
            [teacher.width for teacher in self.teachers],
        )
        if init is not None:
            initial = load_initial(self.network, self.card(), init, fetched)
            self.options |= initial.as_options()
            self.notes = (*self.notes, *initial.notes)
            restore_statistics(self.network, self._statistics_batches())
        # Last: it can take an hour, after which nothing should turn out to be wrong.
        self.objective.teacher_vectors = [teacher_vectors(each, self.train, run) for each in self.teachers]

    def card(self, thresholds: Sequence[float] = ()) -> ModelCard:
        """The model's card; without thresholds every tag's is 0.5."""
        section = self.recipe.model
        cuts = list(thresholds) or [0.5] * len(self.vocabulary)
        groups = tuple(
            TagGroup(
                group.name,
                group.tags,
                group.exclusive,
                tuple(cuts[self.vocabulary.columns[group.name]]),
                group_section.collect_titles(group.tags),
                group_section.parents_of(group.tags),
            )
            for group, group_section in zip(self.vocabulary.groups, self.recipe.groups, strict=True)
        )
        return ModelCard(
            name=section.name,
            architecture=section.architecture,
            summary=section.summary,
            source=section.source,
            licence=section.licence,
            vector_width=section.vector_width,
            input=self._input(self.recipe.stages[-1]),
            vocabulary=Vocabulary(groups),
            options=dict(self.options),
            prior=CategoryPrior(**asdict(self.recipe.prior)),
        )

    @property
    def identity(self) -> str:
        """Differs where a checkpoint of one task would be wrong for the other.

        Recipe, vocabulary, photographs, targets, label graph and teachers count.
        """
        description = repr(
            [self.recipe, self.vocabulary, *((each.paths, each.garments) for each in (self.train, self.val))]
        )
        digest = sha256(description.encode(errors="surrogateescape"))
        for each in (self.train, self.val):
            digest.update(each.targets.tobytes())
        digest.update(self.graph.identity.encode() if self.graph is not None else b"")
        for teacher in self.teachers:
            digest.update(teacher.identity.encode())
        return digest.hexdigest()

    def parameter_groups(self) -> list[dict[str, Any]]:
        """The trunk at its rate; heads and what the loss itself learns at theirs."""
        rates = self.recipe.optimiser
        named = list(self.network.named_parameters())
        trunk = [value for name, value in named if name.startswith(TRUNK_PREFIX)]
        heads = [value for name, value in named if not name.startswith(TRUNK_PREFIX)]
        return [
            {"params": trunk, "lr": rates.backbone_lr},
            {"params": [*heads, *self.objective.parameters()], "lr": rates.head_lr},
        ]

    def steps_per_epoch(self) -> Sequence[int]:
        return [len(self._sampler(self._stage(epoch))) for epoch in range(self.epochs)]

    def batches(self, epoch: int) -> DataLoader[Any]:
        stage = self._stage(epoch)
        images = GarmentImages(
            self.train.paths,
            self.train.boxes,
            self.train.targets,
            self.train.garments,
            spec=self._input(stage),
            photographs=stage.photographs,
            augmentation=self._augmentation,
            seed=self.recipe.seed,
            threads=processors(),
            fixed_views=max((each.views for each in self.recipe.teachers), default=0),
            masks=self.train.masks,
        )
        images.unreadable = self.unreadable
        sampler = self._sampler(stage)
        images.epoch = sampler.epoch = epoch
        return DataLoader(images, batch_sampler=sampler, collate_fn=_as_it_is)

    def step(self, network: nn.Module, batch: GarmentBatch) -> StepOutput:
        return StepOutput(*self.objective(network(batch.images), batch))

    def refit_tags(self, network: nn.Module) -> None:
        """Give the network the best linear tag head on its features, in place."""
        train, val = (pool_unvaried(network, each, self.card().input) for each in (self.train, self.val))
        weights, biases = refit_tag_head(train, val, self.vocabulary)
        network.get_submodule("tag_head").load_state_dict({"weight": weights, "bias": biases})

    def validate(self, network: nn.Module) -> Mapping[str, float]:
        """On `val`: of each group mean average precision and top-1 accuracy; of vectors recall@K and mAP.

        A photograph's vector looks for others of the same garment among all of `val`.
        """
        seen = predict_unvaried(network, self.val, self.card())
        targets, garments = self.val.targets[seen.rows], self.val.garment_of[seen.rows]
        figures = tag_figures(seen.scores, targets, self.vocabulary) | retrieval_figures(seen.vectors, garments)
        return {name: round(value, 4) for name, value in figures.items()}

    def thresholds(self, network: nn.Module) -> list[float]:
        """The threshold of each tag, chosen on `val`; of an exclusive group only the best answer ever counts."""
        seen = predict_unvaried(network, self.val, self.card())
        cuts = fit_thresholds(seen.scores, self.val.targets[seen.rows], self.vocabulary)
        return [round(float(cut), 3) for cut in cuts]

    def _input(self, stage: StageSection) -> InputSpec:
        section = self.recipe.model
        return InputSpec(
            height=stage.height,
            width=stage.width,
            mean=section.mean,
            std=section.std,
            fit=section.fit,
            interpolation=section.interpolation,
            crop_share=section.crop_share,
        )

    def _check(self) -> None:
        """What is to be learned has to be taught."""
        if self.recipe.loss.vectors and not any(stage.photographs > 1 for stage in self.recipe.stages):
            raise RecipeError("stages: one image of a garment teaches no vectors", hint="photographs = 2")
        for key in ("tags", "vector_tags"):
            if getattr(self.recipe.loss, key) and not len(self.vocabulary):
                raise RecipeError(f"loss.{key}: no group has a tag to learn", hint=f"[[groups]], or loss.{key} = 0")
        batch = max((stage.garments * stage.photographs for stage in self.recipe.stages), default=0)
        if 0 < self.recipe.loss.memory < batch:
            raise RecipeError(
                f"loss.memory: {self.recipe.loss.memory} vectors are fewer than a batch of {batch}",
                hint="several batches or more; 0 turns it off",
            )

    def _check_refit(self) -> None:
        """A head is fitted anew as one linear layer over the features; not every network ends in one."""
        if self.recipe.refit_tags and not isinstance(getattr(self.network, "tag_head", None), nn.Linear):
            raise RecipeError(
                f"refit_tags: {self.recipe.model.architecture} has no single tag head", hint="refit_tags = false"
            )

    def _label_graph(self, rows: Sequence[Annotation], data: Path) -> LabelGraph | None:
        """What a network with a label graph is told of its labels; its width goes into the card's options."""
        section = self.recipe.model
        if section.architecture not in ARCHITECTURES:
            return None
        graph = build_label_graph(section.options, self.vocabulary, self.train.targets, rows, data)
        self.options["label_width"] = graph.vectors.shape[1]
        return graph

    @property
    def _augmentation(self) -> Augmentation:
        return Augmentation(**vars(self.recipe.augment))

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
        rng = np.random.default_rng(self.recipe.seed)
        count = min(len(self.train.paths), STATISTICS_BATCHES * BATCH)
        rows = rng.choice(len(self.train.paths), count, replace=False).tolist()
        return (images for _, images in plain_batches(self.train, rows, self.card().input))


def _split(annotations: Sequence[Annotation], split: str) -> list[Annotation]:
    return [annotation for annotation in annotations if annotation.split == split]


def _as_it_is(batch: Any) -> Any:
    """The dataset makes whole batches itself."""
    return batch
