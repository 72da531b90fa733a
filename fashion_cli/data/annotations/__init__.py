"""Annotations: which photographs there are and what is known of each, in the layouts that sets are published in.

`docs/annotations.md` shows every layout and the columns that come out of it.
"""

from fashion_cli.data.annotations.annotation import (
    NOTHING,
    SEPARATOR,
    UNSURE,
    Annotation,
    Landmark,
    Mask,
    Visibility,
    manifest_columns,
    near_splits,
    of_split,
    require_column,
)
from fashion_cli.data.annotations.category_attribute import read_category_attribute
from fashion_cli.data.annotations.consumer_to_shop import read_consumer_to_shop
from fashion_cli.data.annotations.folder import read_folder
from fashion_cli.data.annotations.in_shop import read_in_shop
from fashion_cli.data.annotations.manifest import read_manifest
from fashion_cli.data.annotations.masked_garments import read_masked_garments
from fashion_cli.data.annotations.source import SOURCES, folder_of, kind_and_path, names_a_source, read_annotations

__all__ = [
    "NOTHING",
    "SEPARATOR",
    "SOURCES",
    "UNSURE",
    "Annotation",
    "Landmark",
    "Mask",
    "Visibility",
    "folder_of",
    "kind_and_path",
    "manifest_columns",
    "names_a_source",
    "near_splits",
    "of_split",
    "read_annotations",
    "read_category_attribute",
    "read_consumer_to_shop",
    "read_folder",
    "read_in_shop",
    "read_manifest",
    "read_masked_garments",
    "require_column",
]
