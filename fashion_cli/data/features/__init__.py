"""The feature file: vectors and tag scores of photographs in HDF5, the one format between the commands.

`docs/feature-file.md` describes the format to people who read it with other tools. A change to the format
changes that page and `header.VERSION`, and adds a golden file to the tests. h5py is used in `header` and `layout` only,
and in `view_vectors`, whose files are of another kind and belong to training.
"""

from fashion_cli.data.features.header import FORMAT, VERSION
from fashion_cli.data.features.reader import FeatureFile, is_feature_file
from fashion_cli.data.features.relocation import copy_below
from fashion_cli.data.features.roots import absolute_path, common_root, stored_path
from fashion_cli.data.features.rows import AddedTags, FeatureHeader, FeatureRows, Identity
from fashion_cli.data.features.writer import FeatureWriter

__all__ = [
    "FORMAT",
    "VERSION",
    "AddedTags",
    "FeatureFile",
    "FeatureHeader",
    "FeatureRows",
    "FeatureWriter",
    "Identity",
    "absolute_path",
    "common_root",
    "copy_below",
    "is_feature_file",
    "stored_path",
]
