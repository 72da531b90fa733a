"""Read the queries of `fashion search`: photographs, folders of them, paths on standard input, words."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fashion_cli.commands.cli.inputs import STDIN, parse_weighted, read_queries
from fashion_cli.commands.cli.options import Format
from fashion_cli.commands.output.messages import say
from fashion_cli.data.image_files import looks_like_path
from fashion_cli.errors import UsageError
from fashion_cli.message_text import printable

if TYPE_CHECKING:
    from fashion_cli.steps.search import Query


def read_searches(
    arguments: Sequence[str] | None,
    texts: Sequence[str] | None,
    weighted: Sequence[str] | None,
    chosen: Format,
    *,
    null: bool,
) -> "tuple[Query, ...]":
    """Each argument as a search of its own, then those of `--text`, then the one that all of `--query` add up to.

    Args:
        arguments: As typed: paths where `is_path` says so, else words; lines of standard input are paths.
        texts: Of `--text`: words, whatever they look like.
        weighted: Of `--query`.
        chosen: How answers are printed.
        null: Paths end with NUL, on standard input and among the answers.

    Raises:
        UsageError: If there is nothing to search for, or an argument is empty.
    """
    from fashion_cli.steps.search import QueryPart

    typed = list(arguments or ())
    for text in (*typed, *(texts or ())):
        if not text.strip():
            raise UsageError("a search for nothing: an argument is empty", hint="name a photograph, or say words")
    paths = read_queries([each for each in typed if is_path(each)], chosen, null=null, optional=True)
    listed = len(paths) - sum(is_path(each) and each != STDIN for each in typed)  # of the paths, those on stdin
    queries: list[Query] = []
    left = iter(paths)
    for argument in typed:
        if argument == STDIN:
            queries += [(QueryPart(next(left)),) for _ in range(listed)]
        else:
            queries.append((QueryPart(next(left)),) if is_path(argument) else argument)
    _warn_of_unquoted(typed)
    queries += texts or ()
    if weighted:
        queries.append(tuple(QueryPart(*parse_weighted(text)) for text in weighted))
    if not typed and not queries:
        raise UsageError(
            "nothing to search for", hint="name photographs or folders, say words, or - for paths on standard input"
        )
    return tuple(queries)


def is_path(argument: str) -> bool:
    """Whether an argument means a file, or the list of files on standard input."""
    return argument == STDIN or looks_like_path(argument)


def _warn_of_unquoted(arguments: Sequence[str]) -> None:
    """Say that words without quotes are searches of their own."""
    words = [each for each in arguments if not is_path(each)]
    if len(words) > 1 and all(len(each.split()) == 1 for each in words):
        together = printable(" ".join(words))
        say(f"fashion: {len(words)} searches, one for each word; quote what belongs together: '{together}'")
