"""Photographs as pixels. The only reader of images.

From a file's bytes to what a model sees: `opening` reads the header, `decoding` the pixels (`frames` chooses among
several pictures, `depth` makes 8 bits of more and white of nothing, `colour` applies profiles, `orientation` turns),
`reader` fits them to a model's input, `thumbnails` to people's eyes. `masks` reads pictures whose pixels are numbers.
"""

from fashion_cli.data.image_files import file_sha256, find_images
from fashion_cli.data.image_formats import IMAGE_SUFFIXES, media_type
from fashion_cli.data.images.box import Box
from fashion_cli.data.images.compression import compress_jpeg
from fashion_cli.data.images.in_memory import InMemory, file_of, is_in_memory
from fashion_cli.data.images.masks import read_mask
from fashion_cli.data.images.measuring import measure_photograph
from fashion_cli.data.images.opening import MAX_PIXELS
from fashion_cli.data.images.reader import ImageReader, Photograph
from fashion_cli.data.images.thumbnails import thumbnail, thumbnail_of, upright

__all__ = [
    "IMAGE_SUFFIXES",
    "MAX_PIXELS",
    "Box",
    "ImageReader",
    "InMemory",
    "Photograph",
    "compress_jpeg",
    "file_of",
    "file_sha256",
    "find_images",
    "is_in_memory",
    "measure_photograph",
    "media_type",
    "read_mask",
    "thumbnail",
    "thumbnail_of",
    "upright",
]
