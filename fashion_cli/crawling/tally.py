"""What one call of a crawl has done so far."""

import time
from collections import Counter
from dataclasses import dataclass, field

from fashion_cli.crawling.items import Visit
from fashion_cli.crawling.job import Trouble
from fashion_cli.crawling.visits import Outcome

NAMED = 200  # failures that a report lists; the crawl's memory has them all
NOTED = 50


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
    notes: dict[str, int] = field(default_factory=dict)
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

    def note(self, text: str) -> None:
        """Something that a person should know; said once, however often it happens."""
        if text in self.notes or len(self.notes) < NOTED:
            self.notes[text] = self.notes.get(text, 0) + 1
        else:
            self.unsaid += 1

    def all_notes(self) -> tuple[str, ...]:
        said = [f"{text} ({count:,} times)" if count > 1 else text for text, count in self.notes.items()]
        return (*said, *([f"and {self.unsaid:,} more"] if self.unsaid else []))
