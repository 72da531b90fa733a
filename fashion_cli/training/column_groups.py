"""Groups of tags from the columns of a table, where a recipe leaves it to the annotations which groups there are."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from fashion_cli.data.annotations import SEPARATOR, Annotation
from fashion_cli.data.targets import LabelRule, gather_vocabulary
from fashion_cli.training.photographs import ITEM_COLUMN, read_set, split_by_item
from fashion_cli.training.recipe import Recipe
from fashion_cli.training.recipe_sections import GroupSection, SetSection

NO_LABELS = ("split", ITEM_COLUMN)
FEWEST_TAGS = 2  # a group of one is no question


def with_column_groups(recipe: Recipe, data: Path) -> Recipe:
    """The recipe with a group and a rule for each column of the sets that ask for it, in the order of the columns.

    A column is left out where fewer than two of its values are on enough training photographs: item numbers, titles.

    Args:
        recipe: With groups that it names itself, which stay as they are.
        data: The folder that sources are relative to.

    Raises:
        AnnotationError: If a set lacks a column that the recipe names, or has no photograph.
    """
    if not any(section.every_column for section in recipe.sets):
        return recipe
    groups = {group.name: group for group in recipe.groups}
    sets = []
    for section in recipe.sets:
        if not section.every_column:
            sets.append(section)
            continue
        annotations = read_set(section, data)
        section = split_by_item(section, annotations)  # noqa: PLW2901  # what is kept with the model divides alike
        rules = [rule for rule in column_rules(section, annotations) if _is_question(rule, annotations, recipe)]
        sets.append(replace(section, labels=(*section.labels, *rules), every_column=False))
        for rule in rules:
            groups.setdefault(rule.group, GroupSection(rule.group, exclusive=not rule.separator))
    return replace(recipe, groups=tuple(groups.values()), sets=tuple(sets))


def column_rules(section: SetSection, annotations: Sequence[Annotation]) -> tuple[LabelRule, ...]:
    """A rule for each column that the set has no other use for. A cell of several values has `;` between them."""
    used = {*NO_LABELS, section.item, section.similar, section.divide_by, *(rule.column for rule in section.labels)}
    columns = [column for column in annotations[0].values if column not in used]
    several = {column for column in columns if any(SEPARATOR in each.values[column] for each in annotations)}
    return tuple(LabelRule(column, column, SEPARATOR if column in several else "") for column in columns)


def _is_question(rule: LabelRule, annotations: Sequence[Annotation], recipe: Recipe) -> bool:
    train = [annotation for annotation in annotations if annotation.split == "train"]
    vocabulary = gather_vocabulary([(rule.group, True)], [((rule,), train)], recipe.least_photographs)
    return len(vocabulary) >= FEWEST_TAGS
