"""`fashion help`: the pages of `--help`, and the same as man pages."""

from pathlib import Path
from typing import Annotated, Any

import typer

from fashion_cli.errors import UsageError


def show_help(
    context: typer.Context,
    names: Annotated[
        list[str] | None, typer.Argument(metavar="COMMAND", show_default=False, help="As search, or eval tags.")
    ] = None,
    man_pages: Annotated[
        Path | None,
        typer.Option(metavar="DIR", show_default=False, help="Write a man page of every command into this folder."),
    ] = None,
) -> None:
    """Show the help page of a command, or write all as man pages.

    `fashion help search` is `fashion search --help`. After

    \b
      fashion help --man-pages ~/.local/share/man/man1

    `man fashion` and `man fashion-search` show them.
    """  # noqa: D301  # \b is the character after which lines stay as they are
    root = context.parent
    assert root is not None  # noqa: S101  # every command has the program above it
    if man_pages is not None:
        from fashion_cli.commands.cli.man_pages import write_man_pages
        from fashion_cli.commands.output.messages import say

        say(f"{man_pages}: {write_man_pages(root, man_pages)} man pages")
        return
    typer.echo(_page(root, names or ()))


def _page(context: Any, names: "list[str] | tuple[str, ...]") -> str:
    for name in names:
        commands = getattr(context.command, "commands", {})
        if name not in commands:
            from fashion_cli.commands.cli.mistyped import no_command, suggest_word

            path = context.command_path
            raise UsageError(no_command(path, name), hint=suggest_word(name, list(commands), f"{path} --help"))
        context = typer.Context(commands[name], info_name=name, parent=context)
    return str(context.command.get_help(context))
