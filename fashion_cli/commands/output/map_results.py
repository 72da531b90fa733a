"""The summary of a map: a line on stderr."""

from fashion_cli.commands.output.messages import say
from fashion_cli.commands.output.progress import duration
from fashion_cli.message_text import printable
from fashion_cli.plurals import counted
from fashion_cli.steps.map import MapReport


def show_map(report: MapReport) -> None:
    """Say what the map holds, and how much of each tag group its two dimensions keep."""
    say(
        f"{printable(report.out)}: {counted(len(report.paths), 'garment')} by {report.model},"
        f" {duration(report.seconds)}"
    )
    agreements = ", ".join(f"{group.name} {report.figures[f'agreement/{group.name}']:.2f}" for group in report.groups)
    say(f"garments whose place still tells their best tag: {agreements}")
