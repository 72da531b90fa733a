"""The command `fashion`. `main` is the one place where errors become messages and exit codes."""

import errno
import os
import sys
import warnings
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import typer

from fashion_cli import __version__
from fashion_cli.commands import (
    catalog,
    crawl,
    embed,
    evaluate,
    evaluate_recommend,
    evaluate_styles,
    evaluate_tags,
    index,
    recommend,
    search,
    serve,
    tag,
    train,
    weights,
)
from fashion_cli.commands import (
    help as help_command,
)
from fashion_cli.commands import (
    map as map_command,
)
from fashion_cli.commands.cli.help import SectionedCommand
from fashion_cli.commands.cli.mistyped import find_command, refuse_long_dashes, usage_hint, usage_message
from fashion_cli.commands.cli.settings import FORMAT, Setting, check_format, read_settings, setting_of
from fashion_cli.commands.cli.streams import fill_closed_streams
from fashion_cli.commands.output.plot_cache import keep_plot_cache_out_of_home
from fashion_cli.commands.output.render import abandon_stdout, output_error
from fashion_cli.errors import ExitCode, FashionError, MissingExtraError, SettingsError
from fashion_cli.products.locations import redact_passwords

PROGRAM = "fashion"
COMPLETION = "_FASHION_COMPLETE"  # set by the shell functions that --install-completion writes
RESUMED = ("crawl", "embed", "index", "train")  # these go on where they were interrupted

# Extra -> packages that it brings, by the names of their modules. What several extras bring stands under one of them.
PACKAGES = {
    "train": (
        "accelerate",
        "pytorch_metric_learning",
        "tensorboard",
        "onnx",
        "onnxscript",
        "matplotlib",
        "tomli_w",
    ),
    "map": ("plotly", "pyarrow"),
    "crawl": (
        "alembic",
        "cryptography",
        "extruct",
        "imagehash",
        "lxml",
        "openpyxl",
        "scrapy",
        "selenium",
        "sqlalchemy",
        "tldextract",
        "twisted",
        "w3lib",
    ),
    "serve": ("fastapi", "jinja2", "limits", "multipart", "prometheus_client", "threadpoolctl", "uvicorn"),
    "databases": ("psycopg", "pymysql"),
    "heif": ("pillow_heif",),
}
EXTRAS = {package: extra for extra, packages in PACKAGES.items() for package in packages}

# Rich help pages take longer to draw than all the rest: `--help` has to be there at once.
app = typer.Typer(
    help="Tag, index and search clothing photographs.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
for each in (
    tag.tag,
    index.index,
    search.search,
    embed.embed,
    map_command.map,
    recommend.recommend,
    train.train,
    crawl.crawl,
    serve.serve,
):
    app.command(cls=SectionedCommand)(each)
evaluate.app.command(cls=SectionedCommand)(evaluate_tags.tags)
evaluate.app.command(cls=SectionedCommand)(evaluate_styles.styles)
evaluate.app.command(cls=SectionedCommand)(evaluate_recommend.recommend)
app.add_typer(evaluate.app, name="eval")
app.add_typer(catalog.app, name="catalog")
app.add_typer(weights.app, name="weights")
app.command("help", cls=SectionedCommand)(help_command.show_help)


def _print_version(value: bool) -> None:
    if value:
        typer.echo(f"{PROGRAM} {__version__}")
        raise typer.Exit


@app.callback()
def prepare(
    context: typer.Context,
    version: Annotated[  # noqa: ARG001
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit."),
    ] = False,
) -> None:
    settings = read_settings(os.environ, _here())
    command, _ = find_command(context.command, context.obj or (), PROGRAM)
    check_format(settings, _formats_of(context, command))
    context.obj = settings
    values = {key: setting.value for key, setting in settings.items()}
    context.default_map = _for_each_command(context, context.command, values)


def _here() -> Path:
    """The working directory.

    Raises:
        SettingsError: If it was deleted under our feet.
    """
    try:
        return Path.cwd()
    except FileNotFoundError:
        raise SettingsError("the working directory is gone", hint="cd somewhere else") from None


@cache
def root_command() -> typer.core.TyperGroup:
    """The whole command line. It takes a while to build, and keeps nothing between two calls."""
    root = typer.main.get_command(app)
    assert isinstance(root, typer.core.TyperGroup)  # noqa: S101  # for types: an app with several commands is one
    return root


def run() -> None:
    """The installed command, and `python -m fashion_cli`."""
    fill_closed_streams()
    keep_plot_cache_out_of_home()
    warnings.filterwarnings("ignore", module=r"PIL\.")  # damaged EXIF does not make a photograph unreadable
    if COMPLETION in os.environ:
        app(prog_name=PROGRAM)
    sys.exit(main(sys.argv[1:]))


def main(argv: Sequence[str]) -> int:
    """Run a command line.

    Args:
        argv: Arguments behind the command's name.

    Returns:
        An `ExitCode`. Exceptions that are not the user's to mend come out as they are.
    """
    try:
        return _run(argv)
    except KeyboardInterrupt:
        return _report_interrupt(argv)
    except Exception as error:
        if isinstance(error, ImportError | SystemError) and _came_of_interrupt(error):
            return _report_interrupt(argv)
        code = _explain(error, argv)
        if code is None:
            raise
        return code


def _came_of_interrupt(error: BaseException | None) -> bool:
    """Whether Ctrl-C is behind an error: libraries in C that are being loaded make an error of their own of it."""
    while error is not None:
        if isinstance(error, KeyboardInterrupt):
            return True
        error = error.__cause__ or error.__context__
    return False


def _report_interrupt(argv: Sequence[str]) -> int:
    hint = "the same call goes on from here" if argv and argv[0] in RESUMED else ""
    return _print_error("interrupted", hint, ExitCode.INTERRUPTED)


def _explain(error: Exception, argv: Sequence[str]) -> int | None:
    """Say what was wrong, and give the exit code; None for what is not the user's to mend."""
    match error:
        case typer.TyperException():
            return _usage_error(error, argv)
        case FashionError():
            return _print_error(str(error), error.hint, error.exit_code)
        case ModuleNotFoundError(name=str(name)) if name.partition(".")[0] in EXTRAS:
            missing = MissingExtraError(f"{PROGRAM} {' '.join(argv[:1])}", EXTRAS[name.partition(".")[0]])
            return _print_error(str(missing), missing.hint, missing.exit_code)
        case typer.Abort():
            return _print_error("interrupted", "", ExitCode.INTERRUPTED)
    return None


def _run(argv: Sequence[str]) -> int:
    refuse_long_dashes(argv)
    root = root_command()
    try:
        with root.make_context(PROGRAM, list(argv) or ["--help"], obj=tuple(argv)) as context:
            root.invoke(context)
        sys.stdout.flush()
    except typer.Exit as leaving:
        return leaving.exit_code
    except OSError as error:  # from printing help
        if error.errno not in (errno.EPIPE, errno.EBADF, errno.ENOSPC, errno.EIO):
            raise
        abandon_stdout()
        if error.errno != errno.EPIPE:
            raise output_error(error) from None
    return ExitCode.DONE


def _for_each_command(context: typer.Context, command: Any, values: Mapping[str, str]) -> dict[str, Any]:
    """The defaults of every command, below as many groups as it has."""
    commands: Mapping[str, Any] = getattr(command, "commands", {})
    if commands:
        return {name: _for_each_command(context, each, values) for name, each in commands.items()}
    defaults: dict[str, Any] = {}
    for parameter in command.params:
        value = values.get(setting_of(parameter))
        if value is not None and _has_choice(context, parameter, value):
            defaults[parameter.name] = [value] if getattr(parameter, "multiple", False) else value
    return defaults


def _has_choice(context: typer.Context, parameter: Any, value: str) -> bool:
    """Whether a command has this format; those that do not keep their own default."""
    if setting_of(parameter) != FORMAT:
        return True
    return value in _choices(context, parameter)


def _formats_of(context: typer.Context, command: Any) -> list[str]:
    """The formats that a command has; empty where it prints in none."""
    return [
        value
        for parameter in command.params
        if setting_of(parameter) == FORMAT
        for value in _choices(context, parameter)
    ]


def _choices(context: typer.Context, parameter: Any) -> list[str]:
    return [each.value for each in parameter.shell_complete(context, "")]


def _usage_error(error: typer.TyperException, argv: Sequence[str]) -> int:
    if origin := _origin(getattr(error, "ctx", None), getattr(error, "param", None)):
        message = error.message.removeprefix("Value error, ").rstrip(".")
        return _print_error(f"{origin}: {message}", "mend the setting", ExitCode.USAGE)
    hint = usage_hint(error, argv, root_command(), PROGRAM)
    return _print_error(usage_message(error), hint, ExitCode.USAGE)


def _origin(context: Any, parameter: Any) -> str:
    """The setting that a refused value comes from; "" if it was typed."""
    if context is None or parameter is None:
        return ""
    settings: Mapping[str, Setting] = context.obj or {}
    source = context.get_parameter_source(parameter.name)
    if source is None or source.name != "DEFAULT_MAP" or setting_of(parameter) not in settings:
        return ""
    return settings[setting_of(parameter)].origin


def _print_error(message: str, hint: str, code: int) -> int:
    """Print what is wrong on one line, whatever the length, without the password of any URL that was typed."""
    text = redact_passwords(f"{PROGRAM}: {message}" + (f" — {hint}" if hint else ""))
    sys.stderr.write(text.replace("\r", "\\r").replace("\n", "\\n") + "\n")
    return code
