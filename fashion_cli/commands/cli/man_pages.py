"""Man pages from the same source as `--help`: the declared commands, options and their texts."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from fashion_cli import __version__
from fashion_cli.commands.cli.help import help_sections
from fashion_cli.commands.cli.settings import FILE, KEYS, PREFIX
from fashion_cli.errors import OutputError

SETTINGS = f"Defaults of the options with these names; so are keys below [tool.fashion] in the nearest {FILE}."


def write_man_pages(root: Any, folder: Path) -> int:
    """Write a page of the program and of each of its commands.

    Args:
        root: The context of the program.
        folder: Made where it is missing; pages of older versions are replaced.

    Returns:
        How many pages.

    Raises:
        OutputError: If one cannot be written.
    """
    pages = list(_contexts(root))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for context in pages:
            (folder / f"{_name(context)}.1").write_text(man_page(context), encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{folder}: cannot be written ({error.strerror})", hint="choose another folder") from error
    return len(pages)


def man_page(context: Any) -> str:
    """A command's page in the macros of man(7)."""
    command = context.command
    first, _, rest = _plain(command.help or "").partition("\n")
    synopsis = " ".join(command.collect_usage_pieces(context))
    lines = [
        f'.TH {_name(context).upper()} 1 "" "fashion-cli {__version__}" "User Commands"',
        *(".SH NAME", f"{_roff(_name(context))} \\- {_roff(first.rstrip('.'))}"),
        *(".SH SYNOPSIS", f".B {_roff(context.command_path)}", _roff(synopsis)),
    ]
    if rest.strip():
        lines += [".SH DESCRIPTION", *_paragraphs(rest)]
    for heading, records in help_sections(context).items():
        lines += [f".SH {_roff(heading.upper())}", *(line for record in records for line in _record(*record))]
    commands = getattr(command, "commands", {})
    if commands:
        lines += [".SH COMMANDS"]
        for name, each in commands.items():
            lines += _record(f"{name}", each.get_short_help_str(1000))
    parent = context.parent
    if parent is None:
        lines += [".SH ENVIRONMENT", *_record(", ".join(f"{PREFIX}{key.upper()}" for key in KEYS), SETTINGS)]
    others = [_name(parent)] if parent is not None else []
    others += [f"{_name(context)}-{name}" for name in commands]
    if others:
        lines += [".SH SEE ALSO", ", ".join(f"\\fB{_roff(each)}\\fR(1)" for each in others)]
    return "\n".join(lines) + "\n"


def _contexts(context: Any) -> Iterator[Any]:
    yield context
    for name, command in getattr(context.command, "commands", {}).items():
        yield from _contexts(typer.Context(command, info_name=name, parent=context))


def _record(name: str, text: str) -> list[str]:
    return [".TP", f"\\fB{_roff(name)}\\fR", _roff(" ".join(text.split()))]


def _paragraphs(text: str) -> Iterator[str]:
    """Paragraphs; what stands behind a backspace keeps its lines."""
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        lines = paragraph.splitlines()
        if lines[0].strip() == "\b":
            yield from (".PP", ".nf", *(_roff(line) for line in lines[1:]), ".fi")
        else:
            yield from (".PP", _roff(" ".join(paragraph.split())))


def _plain(text: str) -> str:
    from inspect import cleandoc

    return cleandoc(text).partition("\f")[0]


def _name(context: Any) -> str:
    return "-".join(context.command_path.split())


def _roff(text: str) -> str:
    """Text that roff shows as it is: real hyphens, so that options can be copied, and no accidental requests."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("`", "\\(ga")
    escaped = "".join(each if each.isascii() else f"\\[u{ord(each):04X}]" for each in escaped)
    return f"\\&{escaped}" if escaped.startswith((".", "\\(aq")) else escaped
