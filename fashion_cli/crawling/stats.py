"""What one call of a crawl has done so far."""

import re
import time
from collections import Counter
from dataclasses import dataclass, field

from fashion_cli.crawling.job import FailedRequest
from fashion_cli.crawling.parse.items import CrawlRequest
from fashion_cli.crawling.state.requests import RequestOutcome

MAX_FAILURES = 200  # failures that a report lists; the crawl's database has them all
MAX_NOTES = 50
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")


@dataclass
class CrawlStats:
    """Counts; see `job.CrawlReport`."""

    pages: int = 0
    unchanged: int = 0
    products: int = 0
    photographs: int = 0
    duplicates: int = 0
    near_duplicates: int = 0
    gone: int = 0
    bytes: int = 0
    requests: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    failures: list[FailedRequest] = field(default_factory=list)
    notes: dict[str, tuple[str, str, int]] = field(default_factory=dict)  # kind -> text, where first, how often
    unfinished: list[str] = field(default_factory=list)  # searches that ended early, and why
    unlisted_notes: int = 0  # notes beyond those that are listed
    started: float = field(default_factory=time.monotonic)

    def count_outcome(self, request: CrawlRequest, outcome: RequestOutcome) -> None:
        if outcome.status == "refused":
            self.refused[outcome.reason if outcome.code in ("robots", "tags") else outcome.code] += 1
        elif outcome.status == "failed":
            self.count_failure(outcome.code, request.url, request, outcome)
        elif request.kind != "image":
            self.pages += 1
            self.unchanged += outcome.code == "unchanged"

    def count_failure(self, kind: str, url: str, request: CrawlRequest, outcome: RequestOutcome) -> None:
        attempts = request.attempts + outcome.attempts
        self._add_failure(kind, FailedRequest(url, outcome.reason, outcome.http_status, attempts))

    def count_impossible_product(self, url: str, reason: str) -> None:
        """Count a product that no catalogue takes."""
        self._add_failure("impossible product", FailedRequest(url, reason, 0, 1))

    def _add_failure(self, kind: str, failure: FailedRequest) -> None:
        self.failed[kind] += 1
        if len(self.failures) < MAX_FAILURES:
            self.failures.append(failure)

    def add_note(self, text: str, place: str = "") -> None:
        """Note something that a person should know; said once, with the first place, however often it happens.

        Args:
            text: What. Texts that differ in what they quote are one.
            place: Where: the address of a page, the name of a file.
        """
        kind = _QUOTED.sub("", text)
        if kind in self.notes or len(self.notes) < MAX_NOTES:
            text, first, count = self.notes.get(kind, (text, place, 0))
            self.notes[kind] = text, first, count + 1
        else:
            self.unlisted_notes += 1

    def list_notes(self) -> tuple[str, ...]:
        listed = [_format_note(*each) for each in self.notes.values()]
        return (*listed, *([f"and {self.unlisted_notes:,} more"] if self.unlisted_notes else []))


def _format_note(text: str, first: str, count: int) -> str:
    if count == 1:
        return f"{first}: {text}" if first else text
    return f"{text} ({count:,} times" + (f", first at {first})" if first else ")")
