"""A Ray cluster, as far as a search needs one. The only file that knows Ray."""

from __future__ import annotations

import os
import signal
import socket
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import kspec
from kspec.commands.ray_place import Place
from kspec.errors import RunError, UsageError

REACH = 10.0
"""Seconds to wait for a machine to answer; Ray itself waits up to two minutes, and prints while it does."""
LAST = 5.0
"""Seconds that a place has to end its training when the search ends."""
QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}
"""Ray sends no statistics; and takes no GPU from a place without one, the latter as it will be by default."""


class LostError(Exception):
    """A place has gone with its process or its node; what Ray says of it."""


@dataclass(frozen=True)
class Node:
    """What a machine of the cluster has."""

    name: str
    cpus: int
    gpus: int


class Cluster:
    """A Ray cluster that this process is connected to."""

    def __init__(self, ray: Any) -> None:
        self._ray = ray

    def nodes(self) -> list[Node]:
        """The machines that are alive."""
        alive = [(one["NodeManagerHostname"], one["Resources"]) for one in self._ray.nodes() if one["Alive"]]
        count = ("CPU", "GPU")
        return [Node(name, *(int(has[kind]) if kind in has else 0 for kind in count)) for name, has in alive]

    def place(self, cpus: int, gpus: float, environment: Mapping[str, str]) -> Any:
        """A `Place` on some node, once one has so much free; Ray repeats nothing, the search does."""
        remote = self._ray.remote(Place)
        return remote.options(num_cpus=cpus, num_gpus=gpus, max_restarts=0, max_task_retries=0).remote(environment)

    def call(self, place: Any, method: str, *arguments: Any) -> Any:
        """Calls a method of a place; returns a promise of its answer."""
        return getattr(place, method).remote(*arguments)

    def is_ready(self, promise: Any) -> bool:
        """Whether the answer is there, or will never come."""
        try:
            return bool(self._ray.wait([promise], timeout=0)[0])
        except self._ray.exceptions.RayError:
            return True

    def answer(self, promise: Any) -> Any:
        """The answer, once it is ready.

        Raises:
            LostError: the place, or its node, is no more.
        """
        try:
            return self._ray.get(promise)
        except self._ray.exceptions.RayError as error:
            raise LostError(str(error).strip()) from error

    def end(self, places: list[Any]) -> None:
        """Ends places."""
        goodbyes = [self.call(one, "close") for one in places]
        with suppress(self._ray.exceptions.RayError):
            if goodbyes:
                self._ray.wait(goodbyes, num_returns=len(goodbyes), timeout=LAST)
        self.kill(places)

    def kill(self, places: list[Any]) -> None:
        """Ends places at once."""
        for one in places:
            with suppress(self._ray.exceptions.RayError, ValueError):
                self._ray.kill(one, no_restart=True)


@contextmanager
def connected(address: str | None, slots: int) -> Iterator[Cluster]:
    """Connects to a cluster; without an address, to one of this machine, with as many CPUs as `slots`, that ends here.

    Raises:
        UsageError: Ray is not installed, or an address is none.
        RunError: nothing answers there.
    """
    os.environ.update({key: value for key, value in QUIET.items() if key not in os.environ})
    try:
        import ray
    except ImportError as error:
        hint = "pip install 'kspec[ray]'"
        raise UsageError(f"--on ray: Ray cannot be imported: {error}\n       hint: {hint}") from error
    if address is not None:
        _reach(address)
    with tempfile.TemporaryDirectory() as folder:
        settings = {
            "address": address or "local",
            "log_to_driver": False,
            "logging_level": "CRITICAL",
            "runtime_env": {"py_modules": [str(Path(kspec.__file__).parent), _distribution(Path(folder))]},
            **({} if address else {"num_cpus": slots, "include_dashboard": False}),
        }
        _begin(ray, settings)
        _silence(ray)
        try:
            yield Cluster(ray)
        finally:
            with _same_signals():
                ray.shutdown()


def _begin(ray: Any, settings: Mapping[str, Any]) -> None:
    """Connects, or starts a cluster.

    Raises:
        RunError: it cannot.
    """
    try:
        with _same_signals():
            ray.init(**settings)
    except Exception as error:  # Ray raises the class itself where a cluster takes longer than 30 s to start
        address = settings["address"]
        is_new = address == "local"
        what = "Ray cannot start a cluster here" if is_new else f"no Ray cluster can be reached at {address}"
        hint = (
            ""
            if is_new
            else "\n       hint: it must have this Ray and Python, and this machine its token, if it has one"
        )
        raise RunError(f"--on ray: {what}: {_first_line(error)}{hint}") from error


def _silence(ray: Any) -> None:
    """Ray prints of each worker that died, on standard output and in colour also where that is a file (2.60).

    The search says it itself. There is no setting for this.
    """
    with suppress(AttributeError):
        if callable(ray._private.worker.print_to_stdstream):
            ray._private.worker.print_to_stdstream = lambda *_, **__: None


def _reach(address: str) -> None:
    """Looks whether somebody answers at `host:port`; other addresses, such as `auto`, are for Ray to find.

    Raises:
        UsageError: the address has no port. RunError: nobody does.
    """
    if address == "auto":
        return
    try:
        found = urlsplit(address if "://" in address else f"ray://{address}")
        host, port = found.hostname, found.port
    except ValueError:
        host = port = None
    if not host or not port:
        raise UsageError(f"--on ray: '{address}' is no address of a cluster\n"
                         "       hint: --on ray:HOST:PORT, --on ray://HOST:PORT or --on ray:auto")  # fmt: skip
    try:
        socket.create_connection((host, port), REACH).close()
    except OSError as error:
        why = error.strerror or error
        raise RunError(f"--on ray: nothing answers at {host}:{port}: {why}\n"
                       "       hint: a cluster's ports are 6379 (ray:HOST:6379, from one of its machines) and 10001 "
                       "(ray://HOST:10001, from anywhere)") from error  # fmt: skip


def _distribution(folder: Path) -> str:
    """A folder by which `importlib.metadata` on the nodes knows the version of the kspec that is brought there."""
    version = metadata.version("kspec")
    found = folder / f"kspec-{version}.dist-info"
    found.mkdir()
    (found / "METADATA").write_text(f"Metadata-Version: 2.1\nName: kspec\nVersion: {version}\n")
    return str(found)


@contextmanager
def _same_signals() -> Iterator[None]:
    """Ray takes SIGTERM for itself."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
