"""`python -m fashion_cli.crawling`: one crawl for the process that started this one.

In: one line of JSON, a `CrawlConfig`, on standard input, which stays open as long as the other process lives. Out: one
JSON event a line on standard output, the last one being the report or an error. Messages go to standard error.
"""

import gc
import json
import os
import sys
import threading
from typing import Any

LINE_LIMIT = 2**20  # characters


def _end_with_starter() -> None:
    """End when standard input does: the process that reads the events is no more. The crawl's memory bears it."""
    while os.read(0, 4096):
        pass
    os._exit(1)


def main() -> int:
    events = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever prints, prints to standard error

    def emit(event: dict[str, Any]) -> None:
        events.write(json.dumps(event) + "\n")
        events.flush()

    line = sys.stdin.readline(LINE_LIMIT)
    threading.Thread(target=_end_with_starter, daemon=True).start()
    gc.disable()  # thousands of modules' parts come now, and stay: looking at them again and again takes a third longer
    from fashion_cli.crawling.runner import run_job

    gc.freeze()
    gc.enable()
    code = run_job(line, emit)
    gc.freeze()  # the process ends: nothing is worth collecting
    return code


if __name__ == "__main__":
    raise SystemExit(main())
