"""Model cards: what a model is and how its weights are used. Data only: no torch, no numpy.

A model is a directory: `card.json`, `model.safetensors`, and `model.onnx` where there is one. The models that ship with
the package and those that a training run writes look the same, so every command takes either.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, get_args

from fashion_cli.errors import WeightsError

CARD_FILE = "card.json"
SAFETENSORS_FILE = "model.safetensors"
ONNX_FILE = "model.onnx"
CARD_VERSION = 4  # 2: `fit`, `interpolation`, `crop_share` of the input; 3: tags' `titles`; 4: their `parents`, `prior`

Fit = Literal["letterbox", "squash", "crop"]
Interpolation = Literal["bilinear", "bicubic"]


@dataclass(frozen=True)
class InputSpec:
    """How pixels are prepared: fitted to height x width, normalised.

    Attributes:
        height: Pixels.
        width: Pixels.
        mean: Per RGB channel, on values in [0, 1].
        std: Per RGB channel, on values in [0, 1].
        padding: Grey value in [0, 255] of what the photograph does not cover; for "letterbox".
        fit: "letterbox" scales the whole photograph inside, its aspect kept, and pads; "squash" scales each side by
            itself; "crop" keeps the aspect, covers the input and cuts off what reaches beyond it.
        interpolation: How it is scaled, with antialiasing either way.
        crop_share: Of "squash" and "crop": how much of each scaled side the input takes from the middle, in (0, 1].

    Raises:
        WeightsError: If `fit` or `interpolation` is none of these or `crop_share` is out of range.
    """

    height: int
    width: int
    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)
    padding: int = 255
    fit: Fit = "letterbox"
    interpolation: Interpolation = "bilinear"
    crop_share: float = 1.0

    def __post_init__(self) -> None:
        if self.fit not in get_args(Fit) or self.interpolation not in get_args(Interpolation):
            raise WeightsError(
                f"input fit {self.fit!r} with interpolation {self.interpolation!r}: not known here",
                hint=f"{', '.join(get_args(Fit))}; {', '.join(get_args(Interpolation))}",
            )
        if not 0 < self.crop_share <= 1:
            raise WeightsError(f"crop_share {self.crop_share}: not in (0, 1]", hint="1 keeps the whole photograph")


@dataclass(frozen=True)
class TagGroup:
    """Tags that answer one question about a photograph.

    Attributes:
        name: The question, for example "colour".
        tags: The possible answers.
        exclusive: True where exactly one answer holds (softmax); False where each holds or not (sigmoid).
        thresholds: One probability in [0, 1] per tag; from there on the tag counts as present.
        titles: Language -> what people call each tag there, as "ko" -> ("청바지", ...). Two groups are the same
            whatever their tags are called.
        parents: Tag -> the wider tag of the group that it is a kind of, as "boots" -> "shoes". No part of what makes
            two groups the same either.
    """

    name: str
    tags: tuple[str, ...]
    exclusive: bool
    thresholds: tuple[float, ...] = ()
    titles: Mapping[str, tuple[str, ...]] = field(default_factory=dict, compare=False)
    parents: Mapping[str, str] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        if not self.thresholds:
            object.__setattr__(self, "thresholds", (0.5,) * len(self.tags))
        if len(self.thresholds) != len(self.tags):
            raise WeightsError(
                f"group {self.name}: {len(self.tags)} tags but {len(self.thresholds)} thresholds",
                hint="make the card again with `fashion train`",
            )
        for language, titles in self.titles.items():
            if len(titles) != len(self.tags):
                raise WeightsError(
                    f"group {self.name}: {len(self.tags)} tags but {len(titles)} titles in {language!r}",
                    hint="make the card again with `fashion train`",
                )
        for tag in self.parents:
            if not {tag, *self.ancestors(tag)} <= set(self.tags):
                raise WeightsError(
                    f"group {self.name}: {tag!r} and what it is a kind of are not all tags of the group",
                    hint="make the card again with `fashion train`",
                )

    def ancestors(self, tag: str) -> tuple[str, ...]:
        """The tags that a tag is a kind of, the narrowest first.

        Raises:
            WeightsError: If it is its own ancestor.
        """
        tags: list[str] = []
        while (above := self.parents.get(tags[-1] if tags else tag)) is not None:
            if above in (tag, *tags):
                raise WeightsError(f"group {self.name}: {tag!r} is a kind of itself", hint="mend `parents`")
            tags.append(above)
        return tuple(tags)

    def title(self, tag: str, language: str) -> str:
        """What people call a tag in a language; its own name where the card does not say."""
        titles = self.titles.get(language, self.tags)
        return titles[self.tags.index(tag)]


@dataclass(frozen=True)
class Vocabulary:
    """Every tag that a model knows. Column t of a score matrix belongs to `names[t]`."""

    groups: tuple[TagGroup, ...]

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(tag for group in self.groups for tag in group.tags)

    @cached_property
    def group_names(self) -> tuple[str, ...]:
        """The group of each tag, as long as `names`."""
        return tuple(group.name for group in self.groups for _ in group.tags)

    @cached_property
    def thresholds(self) -> tuple[float, ...]:
        """The threshold of each tag, as long as `names`."""
        return tuple(threshold for group in self.groups for threshold in group.thresholds)

    @cached_property
    def columns(self) -> dict[str, slice]:
        """Where each group lies in a score matrix."""
        slices, start = {}, 0
        for group in self.groups:
            slices[group.name] = slice(start, start + len(group.tags))
            start += len(group.tags)
        return slices

    @cached_property
    def languages(self) -> tuple[str, ...]:
        """Those in which tags have titles."""
        return tuple(sorted({language for group in self.groups for language in group.titles}))

    def __len__(self) -> int:
        return len(self.names)


@dataclass(frozen=True)
class CategoryPrior:
    """How much it counts in a search whether query and hit are the same kind of thing; chosen on `val`.

    Attributes:
        group: The tag group that says what kind of thing is on a photograph.
        weight: Of the logarithm of their agreement, beside a cosine; 0: no prior.
        inherited: The share of a tag's probability that its parent has too, in [0, 1].
        floor: Added to the agreement, so that no logarithm is infinite.

    Raises:
        WeightsError: If a number is out of range.
    """

    group: str = "category"
    weight: float = 0.0
    inherited: float = 0.5
    floor: float = 0.02

    def __post_init__(self) -> None:
        if not (self.weight >= 0 and 0 <= self.inherited <= 1 and self.floor > 0):
            raise WeightsError(
                f"{self}: a number is out of range", hint="weight 0 or more, inherited 0 to 1, floor over 0"
            )


@dataclass(frozen=True)
class ModelCard:
    """A model's identity and use.

    Attributes:
        name: What users call it.
        architecture: A key of `zoo.BUILDERS`.
        summary: One line for people.
        source: The paper it follows.
        licence: SPDX identifier of the weights.
        vector_width: D of the vectors.
        input: How pixels are prepared.
        vocabulary: The tags.
        options: What the builder needs beyond the fields above.
        files: File name -> sha256 in hexadecimal.
        figures: Measured on `val`: name -> value.
        prior: Of a search by these vectors and tags.
    """

    name: str
    architecture: str
    summary: str
    source: str
    licence: str
    vector_width: int
    input: InputSpec
    vocabulary: Vocabulary
    options: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    figures: Mapping[str, float] = field(default_factory=dict)
    prior: CategoryPrior = CategoryPrior()

    @property
    def weights_sha256(self) -> str:
        """The identity of the weights: vectors compare only with vectors of the same one."""
        return self.files.get(SAFETENSORS_FILE, "")

    def write(self, path: Path) -> None:
        """Write the card as indented JSON."""
        document = {"card_version": CARD_VERSION, **asdict(self)}
        path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> "ModelCard":
        """Read a card.

        Raises:
            WeightsError: If the file is missing, is no card, or was written by a newer version.
        """
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            version = document.pop("card_version")
            if version > CARD_VERSION:
                raise WeightsError(
                    f"{path}: written by a newer fashion-cli (card version {version})",
                    hint="pip install --upgrade fashion-cli",
                )
            return cls._from_document(document)
        except FileNotFoundError:
            raise WeightsError(f"{path}: no such model card", hint="fashion weights list") from None
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise WeightsError(f"{path}: not a model card ({error})", hint="fashion weights list") from error

    @classmethod
    def _from_document(cls, document: dict[str, Any]) -> "ModelCard":
        spec: dict[str, Any] = document.pop("input")
        spec |= {name: tuple(spec[name]) for name in ("mean", "std")}
        groups = document.pop("vocabulary")["groups"]
        prior: dict[str, Any] = document.pop("prior", {})
        return cls(
            **document,
            input=InputSpec(**spec),
            vocabulary=Vocabulary(
                tuple(
                    TagGroup(
                        group["name"],
                        tuple(group["tags"]),
                        group["exclusive"],
                        tuple(group["thresholds"]),
                        {language: tuple(titles) for language, titles in group.get("titles", {}).items()},
                        group.get("parents", {}),
                    )
                    for group in groups
                )
            ),
            prior=CategoryPrior(**prior),
        )
