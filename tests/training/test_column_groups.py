"""Groups from the columns of a table."""

from pathlib import Path

from fashion_cli.data.targets import LabelRule
from fashion_cli.training.column_groups import with_column_groups
from fashion_cli.training.photographs import read_set
from fashion_cli.training.recipe import Recipe, recipe_text
from fashion_cli.training.recipe_sections import GroupSection, ModelSection, SetSection, StageSection

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


def test_photographs_of_one_item_stay_in_one_split(tmp_path: Path) -> None:
    """Also by the recipe that is kept with the model, which names its columns."""
    rows = [f"{number}/{view}.jpg,{number},{'round' if number % 2 else 'vee'}" for number in range(80) for view in "ab"]
    (tmp_path / "m.csv").write_text("\n".join(["path,item_id,neckline", *rows]) + "\n")
    asked = SetSection("m.csv", every_column=True, held_out=0.2, tested=0.2)
    (kept,) = with_column_groups(recipe(asked), tmp_path).sets
    divided = [{row.path: row.split for row in read_set(section, tmp_path)} for section in (asked, kept)]
    assert divided[0] == divided[1]
    assert all(divided[0][path] == divided[0][path.with_name("b.jpg")] for path in divided[0])
    assert set(divided[0].values()) == {"train", "val", "test"}
