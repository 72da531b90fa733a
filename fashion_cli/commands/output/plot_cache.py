"""Where Matplotlib keeps its list of fonts: not in a home directory that it has no place in yet."""

import atexit
import os
import shutil
from pathlib import Path

VARIABLE = "MPLCONFIGDIR"
USUAL = (("XDG_CONFIG_HOME", "~/.config"), ("XDG_CACHE_HOME", "~/.cache"))


def keep_plot_cache_out_of_home() -> None:
    """Name a passing folder for Matplotlib, unless this user has one for it already.

    The folder is made when Matplotlib is first imported, which in training happens without any picture being drawn, and
    removed when this process ends. Listing the fonts anew costs half a second; whoever has a folder keeps list and
    settings.
    """
    usual = (Path(os.environ.get(name) or os.path.expanduser(folder), "matplotlib") for name, folder in USUAL)  # noqa: PTH111 - without a home directory that of pathlib fails
    if os.environ.get(VARIABLE) or any(folder.is_dir() for folder in usual):
        return
    folder = Path(os.environ.get("TMPDIR") or "/tmp", f"fashion-matplotlib-{os.urandom(8).hex()}")  # noqa: S108 - a name that nobody can guess
    os.environ[VARIABLE] = str(folder)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
