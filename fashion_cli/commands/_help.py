"""Help pages that need no Rich, so that `--help` is there at once."""

from typing import Any

from typer.core import TyperCommand


class SectionedCommand(TyperCommand):
    """A command whose help page puts options under the headings that they name as `rich_help_panel`."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        sections: dict[str, list[tuple[str, str]]] = {"Arguments": [], "Options": []}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                name, text = record
                plain = "Options"
                if parameter.param_type_name == "argument":
                    name, plain = parameter.metavar or name, "Arguments"  # without its Python type
                heading = getattr(parameter, "rich_help_panel", None) or plain
                sections.setdefault(heading, []).append((name, text))
        for heading, records in sections.items():
            if records:
                with formatter.section(heading):
                    formatter.write_dl(records)
