"""Groups from the columns of a table."""

from pathlib import Path

from fashion_cli.data.targets import LabelRule
from fashion_cli.training.column_groups import with_column_groups
from fashion_cli.training.recipe import GroupSection, ModelSection, Recipe, SetSection, StageSection, recipe_text

TABLE = """path,item_id,neckline,detail,title,length,split
a.jpg,1,round,zip;pocket,first,long,train
b.jpg,2,vee,zip,second,long,train
c.jpg,3,round,pocket,third,,train
d.jpg,4,vee,-,fourth,short,train
e.jpg,5,vee,zip,fourth,short,val
"""


def recipe(*sets: SetSection, groups: tuple[GroupSection, ...] = ()) -> Recipe:
    model, stage = ModelSection("m"), StageSection(1, 32, 32, 2)
    return Recipe("multitask", model, sets, (stage,), groups, least_photographs=2)


def test_every_column_that_divides_the_photographs_is_a_group(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text(TABLE)
    found = with_column_groups(recipe(SetSection("m.csv", every_column=True)), tmp_path)
    # Of titles none is on two photographs for training, of lengths one; a detail is one of several.
    assert found.groups == (GroupSection("neckline", exclusive=True), GroupSection("detail", exclusive=False))
    (section,) = found.sets
    assert section.labels == (LabelRule("neckline", "neckline"), LabelRule("detail", "detail", ";"))
    assert not section.every_column
    assert 'group = "neckline"' in recipe_text(found)


def test_what_the_recipe_says_itself_stays(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text(TABLE)
    own = (GroupSection("neckline", exclusive=True, weight=3.0), GroupSection("extra"))
    rule = LabelRule("extra", "detail", ";")
    found = with_column_groups(recipe(SetSection("m.csv", labels=(rule,), every_column=True), groups=own), tmp_path)
    assert found.groups == own
    assert found.sets[0].labels == (rule, LabelRule("neckline", "neckline"))


def test_recipes_that_do_not_ask_for_it_are_not_touched(tmp_path: Path) -> None:
    plain = recipe(SetSection("nowhere.csv"))
    assert with_column_groups(plain, tmp_path) is plain
