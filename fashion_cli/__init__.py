"""Tag, index and search clothing photographs.

`from fashion_cli import Gallery` and the other names below are imported when they are first asked for: `import
fashion_cli` itself is instant.
"""

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fashion_cli.data.images import Box as Box
    from fashion_cli.data.tags import Tag as Tag
    from fashion_cli.errors import FashionError as FashionError
    from fashion_cli.retrieval.search import Hit as Hit
    from fashion_cli.session.gallery import Gallery as Gallery
    from fashion_cli.session.model import Model as Model

__version__ = "0.1.0"
__all__ = ["Box", "FashionError", "Gallery", "Hit", "Model", "Tag", "__version__"]

# Some libraries report to their makers, or leave an identifier of the machine behind, unless these are set when they
# are loaded. No module of this package is imported before these lines, in whatever process, and the processes that are
# started from it inherit them: docs/privacy.md.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # onnxruntime, 1.29 or newer: a device id, a queue of events, their upload
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"  # huggingface_hub: which programs and versions ask for a file

_MODULES = {
    "Box": "data.images",
    "FashionError": "errors",
    "Gallery": "session.gallery",
    "Hit": "retrieval.search",
    "Model": "session.model",
    "Tag": "data.tags",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
