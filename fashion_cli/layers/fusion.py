"""What inference does not have to compute again: batch norm folded into convolutions, parts without inputs."""

from torch import nn
from torch.fx.experimental.optimization import fuse


def fuse_module(module: nn.Module) -> nn.Module:
    """The same function in fewer steps, or the module as it is where torch.fx cannot follow it.

    Args:
        module: In evaluation mode. It is not changed. What it returns as its constant, where it has one, stands in for
            a module whose result no image has a say in.
    """
    as_constant = getattr(module, "as_constant", None)
    if as_constant is not None:
        constant: nn.Module = as_constant()
        return constant
    if not any(isinstance(layer, nn.BatchNorm2d) for layer in module.modules()):
        return module
    try:
        return fuse(module)
    except Exception:  # noqa: BLE001  # what is traced raises what it likes when it meets a symbol; it runs as it is
        return module
