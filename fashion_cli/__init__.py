"""Tag, index and search clothing photographs."""

import os

__version__ = "0.1.0"

# Some libraries report to their makers, or leave an identifier of the machine behind, unless these are set when they
# are loaded. No module of this package is imported before these lines, in whatever process, and the processes that are
# started from it inherit them: docs/privacy.md.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # onnxruntime, 1.29 or newer: a device id, a queue of events, their upload
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"  # huggingface_hub: which programs and versions ask for a file
