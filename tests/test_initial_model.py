"""Training starts from another model: its trunk, its vector head, and the tags that both know."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from fashion_cli.errors import WeightsError
from fashion_cli.initial_weights import load_initial
from fashion_cli.model_cards import InputSpec, ModelCard, TagGroup, Vocabulary
from fashion_cli.weights import open_model
from fashion_cli.zoo import build_model, load_model

# "shirt" and "bag" are known, in another order; "colour" is a question with several answers here.
MIXED = Vocabulary(
    (
        TagGroup("season", ("summer", "winter"), exclusive=True),
        TagGroup("category", ("bag", "hat", "shirt"), exclusive=False),
        TagGroup("colour", ("red", "green", "blue"), exclusive=False),
    )
)


def started(card: ModelCard, init: str) -> tuple[nn.Module, nn.Module, list[str]]:
    """A network as it was, the same one after it started from a model, and what was said."""
    torch.manual_seed(5)
    before, after = build_model(card), build_model(card)
    after.load_state_dict(before.state_dict())
    return before, after, list(load_initial(after, card, init).notes)


def card_of(model: Path, vocabulary: Vocabulary, **changes: object) -> ModelCard:
    return replace(open_model(model).card, vocabulary=vocabulary, **changes)  # type: ignore[arg-type]


def test_a_model_of_the_same_tags_gives_everything(tiny_model: Path) -> None:
    card = open_model(tiny_model).card
    same = replace(card, vocabulary=Vocabulary(tuple(replace(each, thresholds=()) for each in card.vocabulary.groups)))
    _, after, notes = started(same, str(tiny_model))
    given = load_model(open_model(tiny_model)).state_dict()
    assert all(torch.equal(tensor, given[name]) for name, tensor in after.state_dict().items())
    assert notes == ["taken from tiny: the trunk, the vector head, category (4 tags), colour (3 tags)"]


def test_of_other_tags_the_rows_that_both_know_are_taken(tiny_model: Path) -> None:
    before, after, notes = started(card_of(tiny_model, MIXED), str(tiny_model))
    given = load_model(open_model(tiny_model)).state_dict()
    old, new = before.state_dict(), after.state_dict()
    for part in ("weight", "bias"):
        expected = old[f"tag_head.{part}"].clone()
        expected[2] = given[f"tag_head.{part}"][3]  # bag
        expected[4] = given[f"tag_head.{part}"][0]  # shirt
        expected[5:] = given[f"tag_head.{part}"][4:]  # all colours
        assert torch.equal(new[f"tag_head.{part}"], expected)
    shared = [name for name in new if not name.startswith("tag_head.")]
    assert all(torch.equal(new[name], given[name]) for name in shared)
    assert notes == [
        "taken from tiny: the trunk, the vector head, category (2 of 3 tags), colour (3 tags); anew: season (2 tags)"
    ]


def test_heads_that_look_at_other_features_start_anew(tiny_model: Path) -> None:
    card = card_of(tiny_model, MIXED, vector_width=8, options={"tag_blocks": [3]})
    before, after, notes = started(card, str(tiny_model))
    heads = [name for name in after.state_dict() if "head" in name]
    assert len(heads) == 4
    assert all(torch.equal(before.state_dict()[name], after.state_dict()[name]) for name in heads)
    assert notes == [
        "taken from tiny: the trunk; anew: the vector head, season (2 tags), category (3 tags), colour (3 tags)"
    ]


def test_a_model_without_tags_gives_trunk_and_vectors(untagged_model: Path) -> None:
    _, after, notes = started(card_of(untagged_model, MIXED), str(untagged_model))
    given = load_model(open_model(untagged_model)).state_dict()
    assert torch.equal(after.state_dict()["vector_head.weight"], given["vector_head.weight"])
    assert notes[0].startswith("taken from untagged: the trunk, the vector head; anew: season")


def test_a_head_for_each_group_takes_rows_too(tmp_path: Path) -> None:
    from fashion_cli.model_cards import CARD_FILE, SAFETENSORS_FILE
    from fashion_cli.zoo import save_weights

    groups = (TagGroup("a", ("x", "y"), exclusive=True), TagGroup("b", ("z", "w"), exclusive=True))
    options = {"trunk": "torchvision:mobilenet_v3_small"}
    spec = InputSpec(64, 64)
    card = ModelCard("heads", "efficientnet_attributes", "", "", "", 1024, spec, Vocabulary(groups), options)
    torch.manual_seed(1)
    network = build_model(card)
    digest = save_weights(network, tmp_path / SAFETENSORS_FILE)
    replace(card, files={SAFETENSORS_FILE: digest}).write(tmp_path / CARD_FILE)
    other = replace(card, vocabulary=Vocabulary((groups[1], TagGroup("c", ("v", "u"), exclusive=True))))
    before, after, _ = started(other, str(tmp_path))
    assert torch.equal(after.state_dict()["tag_heads.0.weight"], network.state_dict()["tag_heads.1.weight"])
    assert torch.equal(after.state_dict()["tag_heads.1.weight"], before.state_dict()["tag_heads.1.weight"])


def test_a_shipped_model_by_name_and_what_the_card_will_say() -> None:
    card = open_model().card
    network = build_model(card)
    initial = load_initial(network, card, "fashion-mobilenet")
    assert initial.as_options() == {"init": "fashion-mobilenet", "init_sha256": card.weights_sha256}
    assert initial.taken == len(network.state_dict())


def test_what_cannot_be_started_from_is_refused(tiny_model: Path, tmp_path: Path) -> None:
    card = open_model(tiny_model).card
    with pytest.raises(WeightsError, match="--init fashion-mobilnet: neither a file of weights, a shipped") as error:
        load_initial(build_model(card), card, "fashion-mobilnet")
    assert "did you mean 'fashion-mobilenet'?" in error.value.hint
    scaled = replace(card, input=replace(card.input, mean=(0.1, 0.2, 0.3)))
    with pytest.raises(WeightsError, match="tiny: wants its pixels scaled") as error:
        load_initial(build_model(scaled), scaled, str(tiny_model))
    assert "--set 'model.mean=[0.5, 0.5, 0.5]'" in error.value.hint
    other = replace(card, architecture="triplet_resnet50")
    with pytest.raises(WeightsError, match=r"tiny: .* of the trunk's .* are not in it"):
        load_initial(build_model(other), other, str(tiny_model))
