"""A search whose trainings run on a cluster: the search of one machine, whatever dies on the way."""

from pathlib import Path

import pytest

from kspec import checkpoints
from kspec.commands import ray_place, ray_workers
from kspec.commands.ray_cluster import Node
from kspec.commands.ray_workers import RayWorkers, Room, room
from kspec.commands.record import versions as versions_of_now
from kspec.commands.workers import Task
from kspec.errors import RunError
from kspec.tuning.search import DEATHS, conduct
from tests.commands.fake_cluster import FakeCluster, FakeWorker
from tests.tuning.conftest import opened, searched  # noqa: F401


def task(jobs=1, **settings):
    return Task(jobs, **{"versions": versions_of_now(), **settings})


@pytest.fixture(autouse=True)
def light(monkeypatch, tmp_path):
    """Trainings are fakes, nodes keep their folders below `nodes`, and a state's place is its number."""
    (tmp_path / "nodes").mkdir()
    monkeypatch.setattr(ray_place.tempfile, "tempdir", str(tmp_path / "nodes"))
    monkeypatch.setattr(ray_place, "Worker", FakeWorker)
    monkeypatch.setattr(ray_workers, "LOOK", 0.0)
    monkeypatch.setattr(FakeWorker, "started", [])
    monkeypatch.setattr(FakeWorker, "steps", 1)
    monkeypatch.setattr(
        checkpoints, "reached", lambda run: (0, max([0, *(int(one.stem) for one in run.glob("checkpoint/*"))]))
    )


@pytest.fixture
def on_ray(tmp_path):
    """Runs a search on a fake cluster: `on_ray(FakeCluster())` -> the search."""
    from kspec.tuning.oracle import Oracle

    def call(cluster, given=None, asked=lambda: False, name="ray", overrides=()):
        search = opened(tmp_path / name, overrides)
        oracle = Oracle(search.tune, search.axes, search.spec.seed, search.spec.training.epochs)
        with RayWorkers(cluster, given or task(), is_local=False) as workers:
            conduct(search, oracle, workers, asked, lambda trial: None)
        return search

    return call


def story(search):
    return [(one.number, one.proposal, one.status, one.scores) for one in search.record.trials]


def test_it_is_the_search_of_one_machine(on_ray, searched, tmp_path):  # noqa: F811
    overrides = ["tune.algorithm=hyperband", "tune.trials=14"]
    search, alone = on_ray(FakeCluster(), overrides=overrides), searched("alone", overrides)
    assert story(search) == story(alone)
    assert any(one.proposal.past is not None for one in search.record.trials)
    ours, theirs = [
        {path.relative_to(one.folder) for path in one.folder.glob("trials/*/*") if path.name != "log.txt"}
        for one in (search, alone)
    ]
    assert ours == theirs
    assert list((tmp_path / "nodes").iterdir()) == []


def test_texts_name_the_folder_of_the_search(on_ray, tmp_path):
    plugin = tmp_path / "noise.py"
    plugin.write_text("COMPONENTS = {}\n")
    search = on_ray(FakeCluster(), task(plugins=[str(plugin)]), overrides=["tune.trials=1"])
    folder = search.folder / "trials" / "0000"
    assert (folder / "log.txt").read_text() == f"saved in {folder}\n['{plugin}']\n"
    there = Path(FakeWorker.started[0].given.plugins[0])
    assert there.name == "noise.py" and there.is_relative_to(tmp_path / "nodes")


def test_a_node_that_dies_is_replaced_and_the_training_goes_on_from_its_state(on_ray, searched, monkeypatch):  # noqa: F811
    monkeypatch.setattr(FakeWorker, "steps", 4)
    deaths = []

    def loses(number, method):
        # begin, look, look: the second look would see the second state
        dies = method == "look" and number in (3, 6, 9)
        deaths.extend([number] * dies)
        return dies

    cluster = FakeCluster(loses=loses)
    search = on_ray(cluster, overrides=["tune.trials=2"])
    assert story(search) == story(searched("alone", ["tune.trials=2"]))
    assert len(deaths) == 3 and len(cluster.places) == 4
    shipped = [sorted(call[1].run) for call in cluster.calls if call[0] == "begin"]
    assert shipped[0] == []
    assert shipped[1] == ["checkpoint/000001.safetensors", "run.json"]
    assert "checkpoint/000002.safetensors" in shipped[2]


def test_a_training_that_kills_its_node_again_and_again_fails(on_ray, capsys):
    first = []

    def loses(number, method):
        first.append(number)
        return method == "look" and len(first) <= 2 * DEATHS

    search = on_ray(FakeCluster(loses=loses), overrides=["tune.trials=2"])
    assert [one.status for one in search.record.trials] == ["failed", "finished"]
    assert search.record.trials[0].error["message"] == "lost with its worker or its node"
    assert search.record.trials[0].error["traceback"] == "the node died"
    folder = search.folder / "trials" / "0000"
    assert capsys.readouterr().out.count(f"lost {folder} with its worker or node: the node died\n") == DEATHS


def test_a_stop_brings_the_states_home(on_ray, monkeypatch, tmp_path):
    monkeypatch.setattr(FakeWorker, "steps", 1000)
    looks = []
    with pytest.raises(KeyboardInterrupt):
        on_ray(FakeCluster(), asked=lambda: looks.append(0) or len(looks) > 3)
    [worker, *_] = FakeWorker.started
    newest = max((tmp_path / "ray" / "trials" / "0000" / "checkpoint").iterdir())
    assert int(newest.read_text()) == worker.done > 1
    assert list((tmp_path / "nodes").iterdir()) == []


def test_a_stop_does_not_wait_for_a_node(on_ray, tmp_path):
    looks = []
    with pytest.raises(KeyboardInterrupt):
        on_ray(FakeCluster(silent=True), asked=lambda: looks.append(0) or len(looks) > 2)


def test_a_node_with_other_versions_ends_the_search(on_ray):
    then = {"keras": "0.1"}
    with pytest.raises(RunError, match=r"has not the versions the search began with: keras 0\.1, now 3"):
        on_ray(FakeCluster(), task(versions=then))
    on_ray(FakeCluster(), task(versions=then, other_versions=True), name="all the same", overrides=["tune.trials=1"])


def test_no_node_is_said_and_in_the_end_an_error(on_ray, monkeypatch, capsys):
    monkeypatch.setattr(ray_workers, "SAY_AFTER", 0.1)
    monkeypatch.setattr(ray_workers, "LONGEST", 0.4)
    cluster = FakeCluster([Node("big", 4, 0)], silent=True)

    def asked():
        cluster.machines = [Node("small", 1, 0)]
        return False

    with pytest.raises(RunError, match="no node of the cluster has 4 CPUs"):
        on_ray(cluster, asked=asked)
    assert capsys.readouterr().out.count("a training waits for a node with 4 CPUs free: small has 1 CPUs") == 1


@pytest.mark.parametrize(
    ("nodes", "jobs", "expected"),
    [
        ([(4, 0)], 1, Room(1, 4, 0)),
        ([(4, 0), (4, 0), (4, 0)], 3, Room(3, 4, 0)),
        ([(4, 0), (4, 0), (4, 0)], 4, Room(4, 2, 0)),  # with 3 CPUs each, only three fit
        ([(8, 0), (2, 0)], 2, Room(2, 4, 0)),  # both on the large one
        ([(2, 0)], 5, Room(2, 1, 0)),
        ([(8, 2)], 2, Room(2, 4, 1)),
        ([(8, 2)], 4, Room(4, 2, 0.5)),
        ([(64, 0), (4, 1)], 1, Room(1, 4, 1)),  # where the GPU is
    ],
)
def test_the_share_of_each_training(nodes, jobs, expected):
    assert room([Node("", *one) for one in nodes], jobs) == expected


def test_a_cluster_without_room_is_refused():
    with pytest.raises(RunError, match="no room for a training, which takes a CPU: head has 0 CPUs"):
        room([Node("head", 0, 0)], 1)


def test_fewer_fit_than_asked_for(capsys, monkeypatch):
    workers = RayWorkers(FakeCluster([Node("one", 2, 0)]), task(5), is_local=False)
    assert (workers.jobs, workers.threads) == (2, 1)
    assert "room for 2 trainings beside each other, not 5: one has 2 CPUs" in capsys.readouterr().out
    assert FakeWorker.started[0].environment["TF_NUM_INTRAOP_THREADS"] == "1"


def test_the_thread_that_ray_gives_a_worker_is_not_that_of_a_training(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # as Ray does
    RayWorkers(FakeCluster(), task(), is_local=True)
    assert "OMP_NUM_THREADS" not in FakeWorker.started[0].environment
