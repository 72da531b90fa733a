"""The multitask loss: everything that its objective adds up, with parts that learn and are thrown away at the end."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from fashion_cli.data.datasets import GarmentBatch
from fashion_cli.losses.attributes import signed_attribute_loss
from fashion_cli.losses.distillation import Distillation
from fashion_cli.losses.tags import masked_tag_loss
from fashion_cli.losses.vectors import VectorLoss
from fashion_cli.model_cards import Vocabulary
from fashion_cli.models.outputs import ImageOutputs
from fashion_cli.training.recipe import Recipe

VECTOR_SCALE = 16.0  # of unit vectors before the linear layer that predicts tags from them


class MultitaskLoss(nn.Module):
    """The loss of a batch of images.

    Args:
        recipe: Weights and kinds.
        vocabulary: T tags.
        garments: How many there are in all.
        class_weights: (2, T), of signed attributes.
        teacher_widths: D' of the vectors of each of the recipe's teachers.

    Attributes:
        teacher_vectors: Of each teacher (N, V, D') fp16, unit vectors of V views of N photographs, on the CPU; to be
            set before the first batch. They are data, and no part of a checkpoint.
    """

    def __init__(
        self,
        recipe: Recipe,
        vocabulary: Vocabulary,
        garments: int,
        class_weights: Tensor,
        teacher_widths: Sequence[int] = (),
    ) -> None:
        super().__init__()
        loss, width = recipe.loss, recipe.model.vector_width
        self.settings, self.vocabulary = loss, vocabulary
        self.group_weights = {group.name: group.weight for group in recipe.groups}
        self.class_weights = class_weights
        self.teacher_vectors: list[Tensor] = []
        self.vectors = VectorLoss(
            loss.kind,
            garments=garments,
            width=width,
            temperature=loss.temperature,
            margin=loss.margin,
            negatives=loss.negatives,
            memory=loss.memory,
            memory_after=loss.memory_after,
        )
        self.vector_tags = nn.Linear(width, len(vocabulary)) if loss.vector_tags else None
        self.teachers = nn.ModuleList(
            Distillation(width, teacher_width, section.relations)
            for section, teacher_width in zip(recipe.teachers, teacher_widths, strict=True)
        )
        self.teacher_weights = [section.weight for section in recipe.teachers]

    def forward(self, outputs: ImageOutputs, batch: GarmentBatch) -> tuple[Tensor, dict[str, float]]:
        """The loss, a scalar, and its parts for people."""
        # Nothing, but with a gradient for both heads: several processes wait for the gradient of every weight.
        total, logs = 0 * (outputs.vectors.sum() + outputs.logits.sum()), {}
        for name, weight, part in self._parts(outputs, batch):
            total = total + weight * part
            logs[name] = float(part.detach())
        return total, logs

    def _parts(self, outputs: ImageOutputs, batch: GarmentBatch) -> list[tuple[str, float, Tensor]]:
        loss, parts = self.settings, []
        if loss.tags:
            parts.append(("tag_loss", loss.tags, self._tags(outputs.logits, batch.targets)))
        with torch.autocast(outputs.vectors.device.type, enabled=False):  # cosines want all their digits
            vectors = outputs.vectors.float()
            if loss.vectors:
                parts.append(("vector_loss", loss.vectors, self.vectors(vectors, batch.garments)))
            if self.vector_tags is not None:
                logits = self.vector_tags(VECTOR_SCALE * vectors)
                parts.append(("vector_tag_loss", loss.vector_tags, self._tags(logits, batch.targets)))
            for number, weight in enumerate(self.teacher_weights):
                parts.append((f"teacher_{number}_loss", weight, self._distillation(number, vectors, batch)))
        return parts

    def _distillation(self, number: int, vectors: Tensor, batch: GarmentBatch) -> Tensor:
        """Over the images whose view the teacher has seen; one may have seen fewer views than another."""
        all_targets = self.teacher_vectors[number]
        seen = batch.views < all_targets.shape[1]
        targets = all_targets[batch.rows[seen], batch.views[seen]].to(vectors.device).float()
        loss: Tensor = self.teachers[number](vectors[: len(seen)][seen.to(vectors.device)], targets)
        return loss

    def _tags(self, logits: Tensor, targets: Tensor) -> Tensor:
        if self.settings.signed:
            return signed_attribute_loss(logits, targets, self.class_weights.to(logits.device))
        return masked_tag_loss(logits, targets, self.vocabulary, self.group_weights, self.settings.label_smoothing)
