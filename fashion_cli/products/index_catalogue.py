"""Let an index know its product catalogue: no photograph is read, nothing is embedded."""

from pathlib import Path

from fashion_cli.data.features import FeatureFile, stored_path
from fashion_cli.products.catalogue import Catalogue
from fashion_cli.products.item_column import join_items
from fashion_cli.retrieval.manifest import Manifest
from fashion_cli.retrieval.publish import publish_same_rows, writing

_JOINED = "features-000000.h5.partial"  # what the next publication removes, should this be killed


def attach_catalogue(directory: Path, catalogue: Catalogue) -> int:
    """Make an index name a catalogue, and fill its column `item_id`. The old index stays whole until the new one is.

    Returns:
        How many of its photographs are in the catalogue.

    Raises:
        IndexDirectoryError: If there is no index, or another process writes it.
        CatalogueError: If the catalogue cannot be read.
        FeatureFileError: If its feature file is damaged.
        OutputError: If it cannot be written.
    """
    with writing(directory):
        manifest = Manifest.read(directory)
        joined = join_items(catalogue, directory / manifest.features, directory / _JOINED)
        with FeatureFile.open(directory / manifest.features) as features:
            location = stored_path(catalogue.location, features.header.root)
        if joined.rewritten or location != manifest.catalog:
            publish_same_rows(directory, directory / _JOINED if joined.rewritten else None, location)
    return joined.matched
