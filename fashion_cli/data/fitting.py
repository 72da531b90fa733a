"""Where the pixels of a photograph land on a model's input: arithmetic alone, the same for every decoder."""

from dataclasses import dataclass

from fashion_cli.model_cards import InputSpec

Corners = tuple[int, int, int, int]  # left, top, right, bottom, in pixels, origin top left
Size = tuple[int, int]  # width, height

MOST_ASPECT = (
    16  # a strip is shortened to this before "crop" scales it: the rest would be cut off, after filling memory
)


@dataclass(frozen=True)
class Placement:
    """How a part of a photograph becomes the input of a model.

    Attributes:
        part: What is cut out of the upright photograph.
        size: What the part is scaled to.
        window: What is kept of the scaled part.
    """

    part: Corners
    size: Size
    window: Corners


def place(part: Corners, spec: InputSpec) -> Placement:
    """Place a part of a photograph as the model's card says.

    The window has the size of the input; with "letterbox" it may be smaller, and what is missing is padding.
    """
    target = (spec.width, spec.height)
    if spec.fit == "letterbox":
        size = inside(_size(part), target)
        return Placement(part, size, (0, 0, *size))
    scaled = (round(spec.width / spec.crop_share), round(spec.height / spec.crop_share))
    if spec.fit == "squash":
        return Placement(part, scaled, _middle(scaled, target))
    part = _limit_aspect(part)
    size = covering(_size(part), scaled)
    return Placement(part, size, _middle(size, target))


def inside(size: Size, limit: Size) -> Size:
    """The largest size inside the limit with the same aspect."""
    scale = min(limit[0] / size[0], limit[1] / size[1])
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def covering(size: Size, target: Size) -> Size:
    """The smallest size with the same aspect that covers the target.

    The long side is rounded down, as `torchvision.transforms.Resize` does it.
    """
    width, height = size
    if width * target[1] <= height * target[0]:
        return target[0], target[0] * height // width
    return target[1] * width // height, target[1]


def _middle(size: Size, target: Size) -> Corners:
    """As `torchvision.transforms.CenterCrop`, which rounds half a pixel to the even side."""
    left, top = round((size[0] - target[0]) / 2), round((size[1] - target[1]) / 2)
    return left, top, left + target[0], top + target[1]


def _limit_aspect(part: Corners) -> Corners:
    left, top, right, bottom = part
    width, height = _size(part)
    cut_x = max(0, width - MOST_ASPECT * height) // 2
    cut_y = max(0, height - MOST_ASPECT * width) // 2
    return left + cut_x, top + cut_y, right - cut_x, bottom - cut_y


def _size(part: Corners) -> Size:
    return part[2] - part[0], part[3] - part[1]
