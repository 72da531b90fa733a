"""The feature file: vectors and tag scores of photographs in HDF5, the one format between the commands.

`docs/feature-file.md` describes the format to people who read it with other tools. A change to the format
changes that page and `layout.VERSION`, and adds a golden file to the tests. h5py is used in `layout` only.
"""

from fashion_cli.data.features.layout import FORMAT, VERSION
from fashion_cli.data.features.reader import FeatureFile, is_feature_file
from fashion_cli.data.features.rows import FeatureHeader, FeatureRows, Identity
from fashion_cli.data.features.writer import FeatureWriter

__all__ = [
    "FORMAT",
    "VERSION",
    "FeatureFile",
    "FeatureHeader",
    "FeatureRows",
    "FeatureWriter",
    "Identity",
    "is_feature_file",
]
