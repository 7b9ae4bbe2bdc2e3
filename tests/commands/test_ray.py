"""A search on a real Ray cluster, of which a node dies. Needs the extra `ray`, which the tests do without otherwise."""

import os
import subprocess
import sys
import time

import pytest

from tests.commands.test_tune import only, record, tiny  # noqa: F401

pytest.importorskip("ray", reason="Ray is not installed: pip install 'kspec[ray]'")


@pytest.fixture
def cluster(monkeypatch):
    """A head without CPUs and a node with one, in processes of this machine; in a process of their own."""
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")  # else only processes with its token could connect
    process = subprocess.Popen(
        [sys.executable, "-c", NODES],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield process
    finally:
        process.stdin.close()
        process.wait(60)


NODES = """
import sys
from ray.cluster_utils import Cluster
cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
node = cluster.add_node(num_cpus=1)
print(cluster.address, flush=True)
for line in sys.stdin:
    another = cluster.add_node(num_cpus=1)
    cluster.remove_node(node, allow_graceful=False)
    node = another
    print("removed", flush=True)
cluster.shutdown()
"""


def test_a_node_dies_and_the_search_is_that_of_one_machine(kspec, tiny, tmp_path, cluster):  # noqa: F811
    overrides = ["training.epochs=30", "tune.trials=2"]
    address = cluster.stdout.readline().strip()
    command = [sys.executable, "-m", "kspec", "tune", str(tiny), "--on", f"ray:{address}", "--runs", "ray", *overrides]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(command, cwd=tmp_path, env=environment)
    while not list(tmp_path.glob("ray/tiny/*/trials/0000/checkpoint/*.safetensors")):
        assert process.poll() is None
        time.sleep(0.02)
    print("remove", file=cluster.stdin, flush=True)
    assert cluster.stdout.readline() == "removed\n"
    assert process.wait(600) == 0
    assert kspec("tune", tiny, *overrides, "--runs", "alone").code == 0
    ours, alone = only(tmp_path / "ray" / "tiny"), only(tmp_path / "alone" / "tiny")
    assert [one["scores"] for one in record(ours)["trials"]] == [one["scores"] for one in record(alone)["trials"]]
    first, same = (record(search / "trials" / "0000", "run.json") for search in (ours, alone))
    assert [one["epoch"] > 0 for one in first["resumed"]] == [True]
    assert first["weights_sha256"] == same["weights_sha256"]
    assert str(ours / "trials" / "0000") in first["command"]
    assert "kspec-ray-" not in (ours / "trials" / "0000" / "log.txt").read_text()
