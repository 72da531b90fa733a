"""The one family of errors, and the exit codes that they become.

Every error that a user can cause says what is wrong, where, and what to do next. `app.main` turns it into one line on
stderr; an exception outside this family keeps its traceback, because it is a bug.
"""

from enum import IntEnum


class ExitCode(IntEnum):
    """What the process tells the shell."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    SKIPPED = 3  # some inputs were skipped and --strict was given
    INTERRUPTED = 130


class FashionError(Exception):
    """Something the user can mend.

    Args:
        message: What is wrong and where, without a full stop.
        hint: What to do next: a command, an option, a place to look. May be empty.
    """

    exit_code = ExitCode.FAILED

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class UsageError(FashionError):
    """An option or argument that cannot mean anything."""

    exit_code = ExitCode.USAGE


class UnknownWordsError(UsageError):
    """Words of a search that name nothing in the gallery.

    Args:
        message: Which.
        hint: What to do next.
        suggestions: The same search in words that are known, the nearest first.
    """

    def __init__(self, message: str, *, hint: str = "", suggestions: tuple[str, ...] = ()) -> None:
        super().__init__(message, hint=hint)
        self.suggestions = suggestions


class SettingsError(UsageError):
    """`fashion.toml` or a `FASHION_*` variable holds an unknown key or a value of the wrong type."""


class ImageError(FashionError):
    """One photograph that cannot be read. Batch commands skip it, count it and name it."""


class FeatureFileError(FashionError):
    """A feature file that is missing, damaged, newer than this version or made by another model."""


class IndexDirectoryError(FashionError):
    """No index where one was expected, or one that does not fit the model or this version."""


class MapDirectoryError(FashionError):
    """No attribute map where one was expected, or one that does not fit the model or this version."""


class WeightsError(FashionError):
    """Weights that are missing, damaged or not what the model card says."""


class AnnotationError(FashionError):
    """An annotation file with a line that does not follow its published layout."""


class RecipeError(FashionError):
    """A training recipe with an unknown key or an impossible value."""


class TrainingError(FashionError):
    """A training run that cannot go on, for example because its loss is no longer a number."""


class CrawlError(FashionError):
    """A crawl that cannot start or go on: no credentials, a refused source, another crawl in the same folder."""


class CatalogueError(FashionError):
    """A product catalogue that is missing, cannot be reached, or has tables of another version."""


class TableError(FashionError):
    """A table of products that cannot be read, or whose columns nobody can tell."""


class ServeError(FashionError):
    """A server that cannot start: a port that is taken, an index that it cannot serve."""


class OutputError(FashionError):
    """A place that cannot be written to, or a disk that is full. What was finished before is kept."""


class MissingExtraError(FashionError):
    """A command that needs packages which the base installation does not bring.

    Args:
        feature: What the user asked for, as the subject of a sentence.
        extra: The extra in `pyproject.toml` that brings it.
    """

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(f"{feature} needs packages that are not installed", hint=f"pip install 'fashion-cli[{extra}]'")
