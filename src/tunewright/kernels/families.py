"""Who stands for whom among rows that restate each other: a leader and those next to it, never over a third."""

from typing import Any

from tunewright.kernels.compiled import compiled


@compiled
def assign_leaders(order: Any, starts: Any, neighbors: Any, leaders: Any) -> None:
    """Fill `leaders`, shape ``(n_rows,)``, -1 on entry: who leads each row, itself for a leader, -1 for a row alone.

    Who leads depends on who was taken before, so rows come one after the other.

    Args:
        order: the rows, the likeliest leader first.
        starts: where the neighbors of each row begin, shape ``(n_rows + 1,)``.
        neighbors: the rows that each row restates, row after row.
        leaders: out.
    """
    for row in order:
        if leaders[row] >= 0:
            continue
        leads = False
        for at in range(starts[row], starts[row + 1]):
            if leaders[neighbors[at]] < 0:
                leaders[neighbors[at]] = row
                leads = True
        if leads:
            leaders[row] = row
