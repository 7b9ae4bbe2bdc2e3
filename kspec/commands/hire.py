"""`--on`: where the trainings of a search run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from kspec.commands.workers import LocalWorkers, Task
from kspec.errors import UsageError
from kspec.tuning.workers import Workers

RAY = "ray"
Hire = Callable[[Task], AbstractContextManager[Workers]]


@contextmanager
def hiring(on: str | None, jobs: int) -> Iterator[Hire]:
    """Makes ready the machine or the cluster that `--on` names; yields what gives workers there for a search.

    on: None for processes of this machine; `ray`, `ray:HOST:PORT`, `ray:auto` or `ray://HOST:PORT`.
    jobs: trainings beside each other.

    Raises:
        UsageError: it is none of these, or Ray is not installed.
        RunError: the cluster cannot be reached.
    """
    if on is None:
        yield LocalWorkers
        return
    address = address_of(on)
    from kspec.commands.ray_cluster import connected
    from kspec.commands.ray_workers import RayWorkers

    with connected(address, jobs) as cluster:
        yield lambda task: RayWorkers(cluster, task, is_local=address is None)


def address_of(on: str) -> str | None:
    """The address, as `ray.init` takes it, in `--on`; None for a cluster that is yet to be started.

    Raises:
        UsageError: it does not begin with `ray`, or ends where an address should begin.
    """
    if on == RAY:
        return None
    if on.startswith(f"{RAY}://"):
        return on
    name, _, address = on.partition(":")
    if name != RAY or not address:
        raise UsageError(f"--on: '{on}' is nothing that trainings can run on\n"
                         "       expected: ray, ray:HOST:PORT, ray:auto or ray://HOST:PORT")  # fmt: skip
    return address
