"""The plan of a run: epochs divided into steps, steps into batches."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from math import ceil

from fashion_cli.errors import TrainingError


@dataclass(frozen=True)
class Plan:
    """Every step of a run, known before it starts.

    Attributes:
        batches: How many batches each epoch has, for one process.
        accumulate: Batches whose gradients make one step; the last step of an epoch makes do with what is left.
        limit: The most steps; 0 is no limit.
    """

    batches: Sequence[int]
    accumulate: int = 1
    limit: int = 0

    @cached_property
    def steps_per_epoch(self) -> list[int]:
        """How many steps each epoch has; the limit cuts the last one short and drops those behind it."""
        counts = []
        left = self.limit or sum(self.batches)
        for batches in self.batches:
            counts.append(min(left, ceil(batches / self.accumulate)))
            left -= counts[-1]
            if not left:
                break
        return counts

    @cached_property
    def ends(self) -> list[int]:
        """Steps done when each epoch ends."""
        return list(accumulate(self.steps_per_epoch))

    @property
    def steps(self) -> int:
        """Steps in all; 0 where no epoch is planned."""
        return self.ends[-1] if self.ends else 0

    @property
    def epochs(self) -> int:
        """Epochs that are at least begun."""
        return len(self.ends)

    def epoch_of(self, step: int) -> int:
        """The epoch that a step belongs to, both from 0."""
        return min(bisect_right(self.ends, step), self.epochs - 1)

    def first_step(self, epoch: int) -> int:
        """Steps done when an epoch begins."""
        return self.ends[epoch - 1] if epoch else 0

    def batches_until(self, step: int, epoch: int) -> int:
        """Batches of an epoch that were used when so many steps were done in all."""
        return min(self.batches[epoch], (step - self.first_step(epoch)) * self.accumulate)

    def batches_of(self, step: int) -> int:
        """How many batches make a step."""
        epoch = self.epoch_of(step)
        return self.batches_until(step + 1, epoch) - self.batches_until(step, epoch)


def plan_steps(batches: Sequence[int], processes: int, accumulate: int, limit: int) -> Plan:
    """The plan of each of several processes: they take turns at the batches of an epoch, and all have as many.

    No epoch is a plan too: nothing is trained, and what is fitted to the network as it stands still is.

    Raises:
        TrainingError: If an epoch has no batch for each of them.
    """
    own = [count // processes for count in batches]
    if 0 in own:
        suffix = f" for {processes} processes" if processes > 1 else ""
        short = own.index(0)
        raise TrainingError(
            f"epoch {short} has {batches[short]} batches{suffix}: fewer training garments than one batch takes",
            hint="lower `garments` of the stages in the recipe, for example --set stages.0.garments=8",
        )
    return Plan(own, accumulate, limit)
