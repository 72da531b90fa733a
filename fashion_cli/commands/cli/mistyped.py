"""Messages and hints for a command line that cannot be parsed."""

import os
import re
from collections.abc import Sequence
from typing import Any

from fashion_cli.data.image_formats import IMAGE_SUFFIXES
from fashion_cli.errors import UsageError
from fashion_cli.message_text import printable
from fashion_cli.suggestions import near_words

DASHES = "‐‑‒–—―−﹘﹣－"  # what web pages and word processors make of hyphens
OPTION = re.compile(r"([A-Za-z0][\w-]*)?(=.*)?", re.DOTALL)  # behind its hyphens
NOT_ONE_OF = re.compile(r"'(?P<value>.*?)' is not one of (?P<choices>'.*')", re.DOTALL)
NO_COMMAND = re.compile(r"No such command '(?P<name>.*?)'", re.DOTALL)


def refuse_long_dashes(argv: Sequence[str]) -> None:
    """Refuse options that were pasted with another dash than a hyphen; a file of that name is a file.

    Raises:
        UsageError: Naming the option, or `-`, with hyphens.
    """
    for argument in argv:
        if argument == "--":
            return
        name = argument.lstrip(f"-{DASHES}")
        dashes = argument.removesuffix(name)
        if set(dashes) <= {"-"} or not OPTION.fullmatch(name) or os.path.lexists(argument):
            continue
        hyphens = "--" if len(name.partition("=")[0]) > 1 else "-"
        raise UsageError(f"{argument!r} begins with a dash that is no hyphen", hint=f"did you mean {hyphens}{name}?")


def usage_message(error: Any) -> str:
    """What Typer says of a command line, on one line, without the words of the libraries below it."""
    if hasattr(error, "possibilities"):  # they are the hint
        return str(error.message)
    if (unknown := NO_COMMAND.match(error.message)) is not None:
        return no_command(error.ctx.command_path, unknown["name"])
    text = error.format_message()
    text = " ".join(text.replace("Value error, ", "").split())
    return text.partition(". Did you mean")[0].rstrip(".")


def usage_hint(error: Any, argv: Sequence[str], root: Any, program: str) -> str:
    """What to do about a command line that Typer refuses.

    Args:
        error: What it raised.
        argv: Arguments behind the program's name.
        root: The whole command.
        program: Its name.
    """
    context = getattr(error, "ctx", None)
    command, path = (
        (context.command, context.command_path) if context is not None else find_command(root, argv, program)
    )
    page = f"{path} --help"
    option = error.option_name if hasattr(error, "possibilities") else ""
    if option and (file := _file_named(option, argv)):
        return f"a file of that name is written ./{file}, or stands behind --"
    return suggest_word(*_find_refused_word(error, option, command), page)


def no_command(path: str, name: str) -> str:
    """What is said of a command that a program or group does not have; a program's own name stands before it anyway."""
    group = path.partition(" ")[2]
    return f"{path}: no command {name!r}" if group else f"no command {name!r}"


def suggest_word(word: str, candidates: Sequence[str], page: str) -> str:
    """A hint about a word that was refused: what it is near to, and where all is explained."""
    near = near_words(word, candidates)
    return f"did you mean {' or '.join(near)}? {page}" if near else page


def _find_refused_word(error: Any, option: str, command: Any) -> tuple[str, list[str]]:
    """The word that was refused, and those that would not have been; "" where it is about something else."""
    if option:
        return option, [name for parameter in command.params for name in parameter.opts if name.startswith("--")]
    if (unknown := NO_COMMAND.match(error.message)) is not None:
        return unknown["name"], list(getattr(command, "commands", {}))
    if (value := NOT_ONE_OF.search(error.message)) is not None:
        return value["value"], re.findall(r"'(.*?)'", value["choices"])
    return "", []


def find_command(root: Any, argv: Sequence[str], program: str) -> tuple[Any, str]:
    """The command that arguments begin with, and what it is called: "fashion search"."""
    command, path = root, program
    for argument in argv:
        if argument not in getattr(command, "commands", {}):
            break
        command, path = command.commands[argument], f"{path} {argument}"
    return command, path


def _file_named(option: str, argv: Sequence[str]) -> str:
    """The argument that was taken for an option although it is, or is called like, a photograph; else ""."""
    for argument in argv:
        suffix = os.path.splitext(argument)[1].lower()
        is_refused = argument.startswith("-") and option.removeprefix("-") in argument  # "-x" of "-qx.jpg"
        if is_refused and (os.path.lexists(argument) or suffix in IMAGE_SUFFIXES):
            return printable(argument)
    return ""
