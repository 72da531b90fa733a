"""Where recipes lie: by path, or by the name of one that ships with the package."""

from pathlib import Path

from fashion_cli.errors import RecipeError
from fashion_cli.suggestions import suggest


def find_recipe(name: str | Path) -> Path:
    """A recipe's file by its path, or one that ships with the package by its name.

    Raises:
        RecipeError: If there is none.
    """
    shipped = {each.stem: each for each in sorted(shipped_recipes().glob("*.toml"))}
    if Path(name).is_file():
        return Path(name)
    if str(name) in shipped:
        return shipped[str(name)]
    raise RecipeError(
        f"no recipe {str(name)!r}: neither a file nor a shipped recipe",
        hint=suggest(str(name), shipped, everything=f"ls {shipped_recipes()}"),
    )


def shipped_recipes() -> Path:
    """Where the shipped recipes lie: inside an installed package, in the examples of a checkout."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "recipes"
    return installed if installed.is_dir() else package.parent / "examples" / "recipes"
