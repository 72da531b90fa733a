"""Targets by hand, and against a plain loop on a real set."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from fashion_cli.data.annotations import Annotation, read_annotations
from fashion_cli.data.targets import FALSE, TRUE, UNKNOWN, LabelRule, gather_vocabulary, rare_tag_notes, targets
from fashion_cli.model_cards import TagGroup, Vocabulary
from fashion_cli.training.recipe import read_recipe
from tests.data.annotations.trees import category_attribute_tree

T, F, U = TRUE, FALSE, UNKNOWN
RECIPE = Path(__file__).parents[2] / "examples" / "recipes" / "gallery.toml"
VOCABULARY = Vocabulary(
    (TagGroup("kind", ("shirt", "dress", "shoes", "bag"), False), TagGroup("colour", ("red", "blue"), True))
)


def rows(column: str, *cells: str) -> list[Annotation]:
    return [Annotation(Path(str(number)), {column: cell}) for number, cell in enumerate(cells)]


def matrix(
    rules: Sequence[LabelRule], annotations: Sequence[Annotation], absent: Sequence[str] = ()
) -> list[list[int]]:
    found = targets(VOCABULARY, rules, absent, annotations)
    assert found.dtype == np.int8
    assert found.shape == (len(annotations), 6)
    return [list(map(int, row)) for row in found]


def test_a_column_of_tags_says_what_is_true_and_what_is_false() -> None:
    found = matrix([LabelRule("kind", "k")], rows("k", "shirt", "shoes", ""))
    # Nobody names dress or bag, and nothing is known of the last photograph, nor of any colour.
    assert found == [[T, U, F, U, U, U], [F, U, T, U, U, U], [U, U, U, U, U, U]]


def test_several_values_in_a_cell() -> None:
    found = matrix([LabelRule("kind", "k", separator=";")], rows("k", "shirt; bag", "shoes"))
    assert found == [[T, U, F, T, U, U], [F, U, T, F, U, U]]


def test_values_stand_for_tags() -> None:
    rule = LabelRule("kind", "k", tags={"Oxford": ("shirt",), "Set": ("shirt", "bag")})
    found = matrix([rule], rows("k", "Oxford", "Set", "Sock"))
    assert found == [[T, U, U, F, U, U], [T, U, U, T, U, U], [U, U, U, U, U, U]]


def test_a_value_may_leave_a_tag_open() -> None:
    rule = LabelRule("kind", "k", separator=";", tags={"gown": ("dress", "?shirt"), "shirt": ("shirt",)})
    found = matrix([rule], rows("k", "gown", "shirt", "gown;shirt"))
    # What one value leaves open another may state.
    assert found == [[U, T, U, U, U, U], [T, F, U, U, U, U], [T, T, U, U, U, U]]


def test_a_cell_may_leave_a_value_open() -> None:
    found = matrix([LabelRule("kind", "k", separator=";")], rows("k", "shirt; ?bag", "?shirt", "bag;?bag", "?", ""))
    assert found == [[T, U, U, U, U, U], [U, U, U, F, U, U], [F, U, U, T, U, U], [U] * 6, [U] * 6]
    found = matrix([LabelRule("kind", "k")], rows("k", "?shirt", "bag", "shirt"))
    assert found == [[U, U, U, F, U, U], [F, U, U, T, U, U], [T, U, U, F, U, U]]


def test_a_value_that_is_left_open_leaves_its_tags_open() -> None:
    rule = LabelRule("kind", "k", separator=";", tags={"Set": ("shirt", "?bag"), "Sock": ("shoes",), "?": ("dress",)})
    found = matrix([rule], rows("k", "?Set", "?Set;Sock", "?Hat", "?"))
    assert found == [[U, F, F, U, U, U], [U, F, T, U, U, U], [U] * 6, [F, T, F, U, U, U]]  # bag: named by none for sure


def test_a_labelled_cell_may_name_nothing() -> None:
    found = matrix([LabelRule("kind", "k", separator=";")], rows("k", "shirt", "-", ""))
    assert found == [[T, U, U, U, U, U], [F, U, U, U, U, U], [U] * 6]
    # Where a cell holds one value, "-" is a value like any other.
    assert matrix([LabelRule("kind", "k")], rows("k", "shirt", "-"))[1] == [F, U, U, U, U, U]
    rule = LabelRule("kind", "k", separator=";", tags={"Oxford": ("shirt",)})
    assert matrix([rule], rows("k", "-", "Hat")) == [[F, U, U, U, U, U], [U] * 6]


def test_a_complete_rule_denies_what_the_set_never_shows() -> None:
    rule = LabelRule("kind", "k", separator=";", complete=True)
    found = matrix([rule], rows("k", "shirt;?bag", "-", "?shoes", ""))
    assert found == [[T, F, F, U, U, U], [F, F, F, F, U, U], [F, F, U, F, U, U], [U] * 6]


def test_signed_attributes_arrive_as_they_were_published(tmp_path: Path) -> None:
    """1, -1 and 0 of the table are T, F and U of the matrix, whatever else there is in the split."""
    names = ("abstract print", "lace", "a-line", "sleeve", "sleeveless", "boho")  # as drawn, with its labels
    expected = [[T, F, F, T, U, F], [F] * 6, [U] * 6]
    annotations = list(read_annotations("attributes:.", category_attribute_tree(tmp_path)))
    vocabulary = Vocabulary((TagGroup("attributes", names, False),))
    rule = LabelRule("attributes", "attributes", separator=";", complete=True)
    assert targets(vocabulary, [rule], (), annotations).tolist() == expected
    for annotation, row in zip(annotations, expected, strict=True):
        assert targets(vocabulary, [rule], (), [annotation]).tolist() == [row]
    gathered = gather_vocabulary([("attributes", False)], [([rule], annotations)], least=1)
    assert gathered.names == ("abstract print", "sleeve")  # unsure and empty cells do not count


def test_absent_tags_are_false_where_the_set_is_labelled() -> None:
    found = matrix([LabelRule("kind", "k")], rows("k", "shirt", ""), absent=["bag", "unheard of"])
    assert found == [[T, U, U, F, U, U], [U] * 6]


def test_words_are_looked_for_in_a_text() -> None:
    rule = LabelRule("colour", "title", words=True, tags={"red": ("red",), "navy": ("blue",)})
    found = matrix([rule], rows("title", "A RED shirt", "bored in navy-blue", "Navy, red.", "plain"))
    assert [row[4:] for row in found] == [[T, F], [U, U], [T, T], [U, U]]


def test_two_rules_of_one_group_join() -> None:
    rules = [LabelRule("kind", "k"), LabelRule("kind", "more", tags={"yes": ("bag",), "no": ("?dress",)})]
    both = [Annotation(Path("a"), {"k": "shirt", "more": "yes"}), Annotation(Path("b"), {"k": "shoes", "more": ""})]
    assert matrix(rules, both) == [[T, U, F, T, U, U], [F, U, T, U, U, U]]


def test_a_later_rule_never_unsays_a_true_tag() -> None:
    rules = [LabelRule("kind", "k"), LabelRule("kind", "more", separator=";")]
    both = [Annotation(Path("a"), {"k": "shirt", "more": "bag"}), Annotation(Path("b"), {"k": "bag", "more": "shirt"})]
    assert matrix(rules, both) == [[T, U, U, T, U, U], [T, U, U, T, U, U]]


def test_a_later_rule_may_leave_open_what_an_earlier_one_denies_but_not_what_it_states() -> None:
    rules = [LabelRule("kind", "k"), LabelRule("kind", "more", tags={"set": ("?shirt",)})]
    both = [Annotation(Path(str(n)), {"k": kind, "more": "set"}) for n, kind in enumerate(("shirt", "bag"))]
    assert matrix(rules, both) == [[T, U, U, F, U, U], [U, U, U, T, U, U]]


def test_vocabulary_is_what_occurs_often_enough_most_frequent_first() -> None:
    rules = [LabelRule("kind", "k", separator=";", tags={"a": ("shirt",), "b": ("bag", "?shirt"), "c": ("rare",)})]
    first, second = rows("k", "a", "a;b", "b", "c", "a"), rows("k", "b", "b;b")
    found = gather_vocabulary([("kind", False), ("colour", True)], [(rules, first), (rules, second)], least=2)
    assert [(group.name, group.tags, group.exclusive) for group in found.groups] == [
        ("kind", ("bag", "shirt"), False),  # 4 and 3 photographs; unsure ones and repeats do not count
        ("colour", (), True),
    ]


@pytest.mark.parametrize("name", ["clothing", "street", "catalog"])
def test_real_sets_agree_with_a_plain_loop(photographs: Path, name: str) -> None:
    recipe = read_recipe(RECIPE)
    (section,) = (each for each in recipe.sets if each.source.startswith(f"{name}/"))
    annotations = list(read_annotations(section.source, photographs))[::29]
    groups = [(group.name, group.exclusive) for group in recipe.groups]
    vocabulary = gather_vocabulary(groups, [(section.labels, annotations)], least=3)
    found = targets(vocabulary, section.labels, section.absent, annotations)
    for row, annotation in enumerate(annotations):
        for column, (group, tag) in enumerate(zip(vocabulary.group_names, vocabulary.names, strict=True)):
            assert found[row, column] == expected(section.labels, section.absent, annotation, group, tag), (
                annotation,
                tag,
            )


def expected(rules: Sequence[LabelRule], absent: Sequence[str], annotation: Annotation, group: str, tag: str) -> int:
    """The rules in words, for one photograph and one tag. Rules with tags, one per group."""
    (rule,) = (each for each in rules if each.group == group) if any(r.group == group for r in rules) else (None,)
    if rule is None:
        return UNKNOWN
    cell = annotation.values[rule.column]
    if rule.words:
        words = "".join(letter if letter.isalnum() or letter in "_-'" else " " for letter in cell.lower()).split()
        values = [word for word in words if word in rule.tags]
    else:
        cells = cell.split(rule.separator) if rule.separator else [cell]
        values = [each for each in cells if each in rule.tags]
    if not values:
        return UNKNOWN
    if any(tag in rule.tags[value] for value in values):
        return TRUE
    if any(f"?{tag}" in rule.tags[value] for value in values):
        return UNKNOWN
    named = any(tag in tags for tags in rule.tags.values())
    return FALSE if named or tag in absent else UNKNOWN


def test_tags_that_are_left_out_are_named() -> None:
    every = Vocabulary(
        (TagGroup("pattern", ("solid", "dots", "lace"), exclusive=True), TagGroup("kind", tuple("abcdefghijk"), False))
    )
    common = Vocabulary((TagGroup("pattern", ("solid",), exclusive=True), TagGroup("kind", ("a",), False)))
    assert rare_tag_notes(every, common, 10) == (
        "pattern: left out, on fewer than 10 training photographs: dots, lace",
        "kind: left out, on fewer than 10 training photographs: b, c, d, e, f, g, h, i and 2 more",
    )
    assert rare_tag_notes(every, every, 10) == ()
