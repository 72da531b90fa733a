"""Collective operations of the processes of one run. With one process, which is the rule, all of it does nothing."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from accelerate.utils import DistributedDataParallelKwargs, InitProcessGroupKwargs, broadcast
from torch import nn

from fashion_cli.inference.memory import reuse_freed_memory
from fashion_cli.inference.processors import processors

PATIENCE = timedelta(hours=24)  # the others wait while the first process measures `val`


def start_processes(precision: str) -> Accelerator:
    """The devices and processes of this run, as `accelerate launch` or the lack of it says.

    Args:
        precision: "no", "bf16" or "fp16".
    """
    torch.set_num_threads(min(torch.get_num_threads(), processors()))  # torch knows nothing of a container's share
    reuse_freed_memory()
    AcceleratorState._reset_state()  # noqa: SLF001  # another run of this process may have had another precision
    return Accelerator(
        mixed_precision=precision,
        kwargs_handlers=[
            DistributedDataParallelKwargs(
                find_unused_parameters=True
            ),  # a network may have parts that a task leaves out
            InitProcessGroupKwargs(timeout=PATIENCE),
        ],
    )


def has_bf16(device: torch.device) -> bool:
    """Whether a device computes in bf16 itself; elsewhere it is many times slower than fp32."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    ask = getattr(torch.cpu, "get_capabilities", None)  # an older torch does not know
    capabilities: Mapping[str, Any] = ask() if ask is not None else {}
    return any(capabilities.get(name, False) for name in ("avx512_bf16", "amx_bf16"))


def any_process(accelerator: Accelerator, *flags: bool) -> list[bool]:
    """Each flag, true everywhere if it is true in any process: what follows is done by all or by none."""
    if accelerator.num_processes == 1:
        return list(flags)
    values = torch.tensor(flags, dtype=torch.float32, device=accelerator.device)
    return [bool(each) for each in (accelerator.reduce(values, "sum") > 0).tolist()]


def share_values(accelerator: Accelerator, module: nn.Module) -> None:
    """Begin with the first process's parameters and buffers; a network has DDP for that."""
    if accelerator.num_processes > 1:
        for value in [*module.parameters(), *module.buffers()]:
            broadcast(value.detach())


def share_gradients(accelerator: Accelerator, module: nn.Module) -> None:
    """Go on with the mean of all processes' gradients; a network has DDP for that."""
    if accelerator.num_processes == 1:
        return
    for parameter in module.parameters():
        gradient = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
        parameter.grad = accelerator.reduce(gradient, "mean")
