"""Standard streams that were closed by whoever started the command: `fashion … >&-`."""

import os
import sys

INPUT, OUTPUT, ERRORS = range(3)


def fill_closed_streams() -> None:
    """Put something in the place of each standard stream that is closed.

    Else the next file that is opened would get its number, and be written to by whatever prints. Reading the input and
    writing the output fail from then on, so that nothing is taken for empty or lost in silence; messages go nowhere.
    """
    if _fill(INPUT, os.O_WRONLY):
        sys.stdin = open(INPUT, encoding="utf-8", closefd=False)  # noqa: SIM115 - lives as long as the process
    if _fill(OUTPUT, os.O_RDONLY):
        sys.stdout = open(OUTPUT, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    if _fill(ERRORS, os.O_WRONLY):
        sys.stderr = open(ERRORS, "w", encoding="utf-8", closefd=False)  # noqa: SIM115


def _fill(number: int, mode: int) -> bool:
    """Open the null device as a stream, in a mode that fits or deliberately does not; False if the stream is open."""
    try:
        os.fstat(number)
    except OSError:
        opened = os.open(os.devnull, mode)
        if opened != number:
            os.dup2(opened, number)
            os.close(opened)
        os.set_inheritable(number, True)
        return True
    return False
