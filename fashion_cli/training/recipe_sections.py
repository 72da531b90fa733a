"""The sections of a training recipe as frozen dataclasses: what may stand in it, and what it means."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from fashion_cli.data.targets import LabelRule
from fashion_cli.model_cards import Fit, Interpolation
from fashion_cli.training.conversion import Bounds

Count = Annotated[int, Bounds(1)]
Number = Annotated[int, Bounds(0)]
Amount = Annotated[float, Bounds(0)]
Share = Annotated[float, Bounds(0, 1)]


@dataclass(frozen=True)
class ModelSection:
    """What is trained and what its card will say."""

    name: str
    architecture: str = "multitask_mobilenet"
    summary: str = ""
    source: str = ""
    licence: str = "Apache-2.0"
    vector_width: Count = 256
    options: Mapping[str, Any] = field(default_factory=dict)  # what the architecture needs beyond the keys here
    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)
    fit: Fit = "letterbox"
    interpolation: Interpolation = "bilinear"
    crop_share: float = 1.0


@dataclass(frozen=True)
class GroupSection:
    """A group of tags.

    Attributes:
        name: As tags are printed under it.
        exclusive: Whether a garment has one of them at most.
        weight: Of its loss beside the other groups'.
        titles: Tag -> language -> what people call it in that language; a tag without one goes by its own name.
        parents: Tag -> the wider tag that it is a kind of; tags that no photograph teaches are passed over.
    """

    name: str
    exclusive: bool = False
    weight: Amount = 1.0
    titles: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    parents: Mapping[str, str] = field(default_factory=dict)

    def collect_titles(self, tags: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """Language -> a title for each of these tags."""
        languages = sorted({language for titles in self.titles.values() for language in titles})
        return {each: tuple(self.titles.get(tag, {}).get(each, tag) for tag in tags) for each in languages}

    def parents_of(self, tags: Sequence[str]) -> dict[str, str]:
        """Tag -> the nearest of these tags that it is a kind of."""
        return {tag: parent for tag in tags if (parent := self._parent_among(tag, tags))}

    def _parent_among(self, tag: str, tags: Sequence[str]) -> str:
        passed = {tag}
        while (tag := self.parents.get(tag, "")) and tag not in passed:
            if tag in tags:
                return tag
            passed.add(tag)
        return ""


@dataclass(frozen=True)
class PriorSection:
    """How much it counts in a search by the model whether query and hit are the same kind of thing.

    Attributes:
        group: The tag group that says what kind of thing is on a photograph.
        weight: Of the logarithm of their agreement, beside a cosine; 0 turns it off. Choose it on `val`.
        inherited: The share of a tag's probability that its parent has too.
        floor: Added to the agreement, so that no logarithm is infinite.
    """

    group: str = "category"
    weight: Amount = 0.0
    inherited: Share = 0.5
    floor: Annotated[float, Bounds(0.0001)] = 0.02


@dataclass(frozen=True)
class SetSection:
    """Annotated photographs and what their columns mean.

    Attributes:
        source: A CSV manifest, or `inshop:DIR`, `c2s:DIR`, `attributes:DIR`, `csv:FILE`, `folder:DIR`, `masks:FILE`;
            relative to the folder given as `--data`.
        item: The column whose value photographs of one garment share; "" where every photograph is its own garment.
        similar: The column whose value garments share that are easily confused; batches are made of them.
        share: How many of its garments an epoch takes: 0.5 a random half, 2 each twice.
        labels: Columns that become tags.
        absent: Tags that no labelled photograph of the set shows.
        crop: Cut photographs to the box that their annotation gives.
        held_out: The share of training garments that become `val` where a set has no such split.
        tested: The share of training garments that become `test` where a set has no such split.
        divide_anew: Divide the whole set by these two shares, whatever splits it has.
        divide_by: The column whose value photographs share that stay in one split (who sent them, say); "" keeps those
            of one item together.
        only_labelled: Leave out photographs of which no column of `labels` says anything.
        every_column: Each column that is not named above becomes a group of its own; its values are the tags.
        tables: Further CSV manifests that say more about the same photographs; relative as `source`.
    """

    source: str
    item: str = ""
    similar: str = ""
    share: Amount = 1.0
    labels: tuple[LabelRule, ...] = ()
    absent: tuple[str, ...] = ()
    crop: bool = False
    held_out: Share = 0.05
    tested: Share = 0.0
    divide_anew: bool = False
    divide_by: str = ""
    only_labelled: bool = False
    every_column: bool = False
    tables: tuple[str, ...] = ()


@dataclass(frozen=True)
class StageSection:
    """Some epochs at one input size; the last stage's size is the model's.

    Attributes:
        epochs: How many; where no stage has any, only the tag head is fitted (`refit_tags`).
        height: Pixels.
        width: Pixels.
        garments: P garments in a batch.
        photographs: K images of each.
    """

    epochs: Number
    height: Count
    width: Count
    garments: Count
    photographs: Count = 2


@dataclass(frozen=True)
class AugmentSection:
    """How training photographs are varied.

    Attributes:
        least_area: Smallest share of the photograph that a crop keeps, in (0, 1].
        mirror: Probability of a mirror image.
        light: Largest relative change of brightness and contrast; hue is never touched, colour is a label.
        saturation: Largest relative change of saturation.
        erase: Probability that a rectangle is blanked out.
        perspective: Probability that the view is seen from a little aside.
        jpeg: Probability that the view is compressed as JPEG, quality 25 to 85.
        background: Probability that what stands on white, or what a mask cuts out, gets a piece of another photograph
            behind it.
    """

    least_area: Annotated[float, Bounds(0.01, 1)] = 0.4
    mirror: Share = 0.5
    light: Share = 0.3
    saturation: Share = 0.2
    erase: Share = 0.2
    perspective: Share = 0.0
    jpeg: Share = 0.0
    background: Share = 0.0


@dataclass(frozen=True)
class OptimiserSection:
    """How weights move.

    A step is one change of the weights; with `accumulate` it takes that many batches.

    Attributes:
        kind: adamw, adam, or sgd with momentum.
        backbone_lr: Learning rate of the pretrained trunk.
        head_lr: Learning rate of the heads and of what the loss itself learns.
        weight_decay: Decoupled for adamw, an L2 penalty for the others.
        momentum: Of sgd.
        schedule: How rates go on after the warm-up: cosine to zero, step by step, constant, or constant and then
            along a line to zero.
        warmup_steps: The rates rise over so many steps, a tenth of the run at most.
        decay_every: Of the schedule "step": epochs after which the rates fall.
        decay: Of the schedule "step": what the rates are multiplied with.
        cooldown: Of the schedule "cooldown": the share of the steps in which the rates fall.
        steps: The run ends after so many steps; 0 trains all epochs of the stages.
        accumulate: Batches whose gradients make one step.
        clip_norm: Longer gradients are shortened to this norm; 0 turns it off.
        ema_decay: Decay of the moving average of the weights, which becomes the model; 0 turns it off. A decay of d
            reaches back over 1 / (1 - d) steps, a fifth of the run at most.
    """

    kind: Literal["adamw", "adam", "sgd"] = "adamw"
    backbone_lr: Amount = 6e-4
    head_lr: Amount = 2e-3
    weight_decay: Amount = 0.02
    momentum: Share = 0.9
    schedule: Literal["cosine", "step", "constant", "cooldown"] = "cosine"
    warmup_steps: Number = 200
    decay_every: Count = 10
    decay: Share = 0.1
    cooldown: Share = 0.2
    steps: Number = 0
    accumulate: Count = 1
    clip_norm: Amount = 5.0
    ema_decay: Share = 0.998


@dataclass(frozen=True)
class StopSection:
    """When to stop early, and which weights become the model.

    Attributes:
        metric: A figure that is measured on `val` after each epoch; "" trains to the end and takes the last weights.
        better: Whether a higher or a lower figure is better.
        patience: The run ends after so many epochs without a better figure; 0 trains to the end. The weights with the
            best figure become the model in any case.
    """

    metric: str = ""
    better: Literal["higher", "lower"] = "higher"
    patience: Number = 0


@dataclass(frozen=True)
class LossSection:
    """How the objectives are weighed.

    Attributes:
        tags: Weight of the tag loss; 0 trains vectors alone.
        vectors: Weight of the vector loss; 0 trains tags alone.
        kind: Of the vector loss: supervised_contrastive, triplet, multi_similarity or proxy_anchor.
        temperature: Of the supervised contrastive loss.
        margin: Of the triplet loss, as a distance of unit vectors, and of proxy anchor.
        negatives: Of the triplet loss: random (one other garment per pair, as Lim & Nang), semihard or all.
        signed: Learn tags as attributes of value 1 or -1 with a weight per class, not as probabilities of a group.
        vector_tags: Weight of a tag loss on the vectors themselves, through a linear layer that is thrown away:
            garments that share tags come to lie near each other, whoever photographed them.
        label_smoothing: Of the exclusive groups' cross-entropy; 0 leaves it plain.
        memory: Vectors of earlier batches that the supervised contrastive loss compares with too; 0: of this batch
            alone. Several processes remember each their own.
        memory_after: Batches before the memory counts: vectors have to drift slowly by then.
    """

    tags: Amount = 1.0
    vectors: Amount = 1.0
    kind: str = "supervised_contrastive"
    temperature: Annotated[float, Bounds(0.001)] = 0.1
    margin: Amount = 0.3
    negatives: str = "random"
    signed: bool = False
    vector_tags: Amount = 0.0
    label_smoothing: Annotated[float, Bounds(0, 0.5)] = 0.05
    memory: Number = 0
    memory_after: Number = 1000


@dataclass(frozen=True)
class TeacherSection:
    """A model whose vectors of the training photographs are learned from.

    Attributes:
        model: A model directory, relative to the folder that the command is called in.
        weight: Of its loss.
        relations: Weight of the images' similarities to each other, beside 1 for the vectors themselves.
        views: How many views of each photograph it looks at, the whole one first.
        scale: Of its own input: the share of the pixels that it is shown.
    """

    model: str
    weight: Amount = 1.0
    relations: Amount = 1.0
    views: Count = 4
    scale: Annotated[float, Bounds(0.01, 4)] = 1.0
