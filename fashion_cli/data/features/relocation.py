"""Copy a feature file so that its paths are relative to a root."""

from dataclasses import replace
from pathlib import Path

from fashion_cli.data.features.reader import FeatureFile
from fashion_cli.data.features.writer import FeatureWriter


def copy_below(features: FeatureFile, target: Path, root: str) -> None:
    """Write the same rows into another file. The target is there whole, or as it was.

    Args:
        features: What to copy.
        target: Where it goes.
        root: The folder that the copy's paths are relative to, absolute.

    Raises:
        FeatureFileError: If a row cannot be read, or the target is in use.
        OutputError: If the target cannot be written.
    """
    draft = target.with_name(f"{target.name}-copy")
    with FeatureWriter.create(draft, replace(features.header, root=root), features.column_names) as writer:
        for rows in features.chunks():
            writer.append(rows)
        writer.move_to(target)
