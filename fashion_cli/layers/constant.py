"""A part of a network that no image has a say in: computed once for inference."""

from torch import Tensor, nn


class Constant(nn.Module):
    """Stands where a module without inputs stood, and returns what it returned.

    Args:
        values: That.
    """

    values: Tensor

    def __init__(self, values: Tensor) -> None:
        super().__init__()
        self.register_buffer("values", values.detach().clone())

    def forward(self) -> Tensor:
        return self.values
