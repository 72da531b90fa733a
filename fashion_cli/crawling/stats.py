"""What one call of a crawl has done so far."""

import re
import time
from collections import Counter
from dataclasses import dataclass, field

from fashion_cli.crawling.job import Trouble
from fashion_cli.crawling.parse.items import Visit
from fashion_cli.crawling.state.requests import Outcome

NAMED = 200  # failures that a report lists; the crawl's memory has them all
NOTED = 50
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")


@dataclass
class Tally:
    """Counts; see `job.CrawlReport`."""

    pages: int = 0
    unchanged: int = 0
    products: int = 0
    photographs: int = 0
    duplicates: int = 0
    bytes: int = 0
    requests: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    failures: list[Trouble] = field(default_factory=list)
    notes: dict[str, tuple[str, str, int]] = field(default_factory=dict)  # kind -> text, where first, how often
    unfinished: list[str] = field(default_factory=list)  # searches that ended early, and why
    unsaid: int = 0  # notes beyond those that are listed
    started: float = field(default_factory=time.monotonic)

    def settled(self, visit: Visit, outcome: Outcome) -> None:
        """A visit has an outcome."""
        if outcome.status == "refused":
            self.refused[outcome.reason if outcome.code in ("robots", "tags") else outcome.code] += 1
        elif outcome.status == "failed":
            self.failed[outcome.code] += 1
            if len(self.failures) < NAMED:
                attempts = visit.attempts + outcome.attempts
                self.failures.append(Trouble(visit.url, outcome.reason, outcome.http_status, attempts))
        elif visit.kind != "image":
            self.pages += 1
            self.unchanged += outcome.code == "unchanged"

    def impossible(self, place: str, reason: str) -> None:
        """A product that no catalogue takes."""
        self.failed["impossible product"] += 1
        if len(self.failures) < NAMED:
            self.failures.append(Trouble(place, reason, 0, 1))

    def note(self, text: str, place: str = "") -> None:
        """Something that a person should know; said once, with the first place, however often it happens.

        Args:
            text: What. Texts that differ in what they quote are one.
            place: Where: the address of a page, the name of a file.
        """
        kind = _QUOTED.sub("", text)
        if kind in self.notes or len(self.notes) < NOTED:
            text, first, count = self.notes.get(kind, (text, place, 0))
            self.notes[kind] = text, first, count + 1
        else:
            self.unsaid += 1

    def all_notes(self) -> tuple[str, ...]:
        said = [_note(*each) for each in self.notes.values()]
        return (*said, *([f"and {self.unsaid:,} more"] if self.unsaid else []))


def _note(text: str, first: str, count: int) -> str:
    if count == 1:
        return f"{first}: {text}" if first else text
    return f"{text} ({count:,} times" + (f", first at {first})" if first else ")")
