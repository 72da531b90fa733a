"""Help pages that need no Rich, so that `--help` is there at once."""

from typing import Any

from typer.core import TyperCommand


class SectionedCommand(TyperCommand):
    """A command whose help page puts options under the headings that they name as `rich_help_panel`."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        for heading, records in help_sections(ctx).items():
            with formatter.section(heading):
                formatter.write_dl(records)


def help_sections(context: Any) -> dict[str, list[tuple[str, str]]]:
    """Heading -> what is typed and what it does, of every parameter of a command that its help page shows."""
    sections: dict[str, list[tuple[str, str]]] = {"Arguments": [], "Options": []}
    for parameter in context.command.get_params(context):
        record = parameter.get_help_record(context)
        if record is not None:
            name, text = record
            plain = "Options"
            if parameter.param_type_name == "argument":
                name, plain = parameter.metavar or name, "Arguments"  # without its Python type
            heading = getattr(parameter, "rich_help_panel", None) or plain
            sections.setdefault(heading, []).append((name, text))
    return {heading: records for heading, records in sections.items() if records}
