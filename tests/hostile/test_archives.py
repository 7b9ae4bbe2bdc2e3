"""Archives and images that climb out of their folder, hold links, or unpack to far more than they are."""

import io
import os
import struct
import warnings
import zipfile
import zlib
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

from kspec.builders.archive import inspect
from kspec.builders.data import build_data
from kspec.builders.data.sources import memory
from kspec.builders.saved import load_model
from kspec.errors import DataError, UsageError
from kspec.spec.data import Data


def refusal(path):
    with pytest.raises(UsageError) as caught:
        load_model(path)
    return str(caught.value)


@pytest.mark.parametrize(
    "name",
    ["../evil", "assets/../../evil", "/tmp/evil", "..\\evil", "C:\\evil", "//server/share/evil", "assets/a/../../../x"],
)
def test_an_entry_that_climbs_out(forged, name):
    assert "would lie outside of it" in refusal(forged(entries=[(name, b"x")]))


def test_an_entry_that_is_a_link(forged):
    link = zipfile.ZipInfo("assets/link")
    link.external_attr = 0o120777 << 16
    assert "holds a link: 'assets/link'" in refusal(forged(entries=[(link, "/etc/passwd")]))


def test_an_entry_that_stands_twice(forged):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = forged(entries=[("config.json", b"{}")])
    assert "holds a name twice" in refusal(path)


def test_a_bomb_is_not_unpacked(forged, monkeypatch):
    path = forged()
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive, archive.open("assets/zeros", "w") as entry:
        for _ in range(70):
            entry.write(bytes(2**20))
    assert path.stat().st_size < 200_000
    monkeypatch.setattr(keras.saving, "load_model", lambda *_, **__: pytest.fail("Keras has read it"))
    assert "bytes that become 73,400,320: 'assets/zeros'" in refusal(path)


def test_entries_upon_each_other(forged):
    """The quoted-overlap bomb of D. Fifield (2019): many entries of the directory name the same bytes."""
    path = forged(entries=[("a", os.urandom(5000))])
    with zipfile.ZipFile(path, "a") as archive:
        [one] = [entry for entry in archive.infolist() if entry.filename == "a"]
        for number in range(50):
            twin = zipfile.ZipInfo(f"a{number}")
            for key in ("header_offset", "compress_size", "file_size", "CRC"):
                setattr(twin, key, getattr(one, key))
            archive.filelist.append(twin)
            archive.NameToInfo[twin.filename] = twin
        archive._didModify = True
    assert "lie upon each other" in refusal(path)


@pytest.mark.parametrize("cut", [0.3, 0.9, 0.999])
def test_half_a_file(honest, tmp_path, cut):
    data = honest.read_bytes()
    (tmp_path / "half.keras").write_bytes(data[: int(len(data) * cut)])
    assert "not a .keras file" in refusal(tmp_path / "half.keras")


def test_an_honest_large_model_is_no_bomb(tmp_path):
    model = keras.Sequential([keras.Input((3000,)), keras.layers.Dense(6000, kernel_initializer="zeros")])
    model.save(tmp_path / "large.keras")
    assert (tmp_path / "large.keras").stat().st_size > 70_000_000
    assert inspect(tmp_path / "large.keras") is None


@pytest.mark.parametrize("trick", ["external link", "soft link", "external data"])
def test_weights_that_stand_in_another_file(honest, tmp_path, trick):
    """Keras' own check (keras.src.saving.saving_lib.safe_get_h5_dataset); here it must stay a refusal."""
    (tmp_path / "secret.bin").write_bytes(np.arange(12, dtype="float32").tobytes())
    held = io.BytesIO(zipfile.ZipFile(honest).read("model.weights.h5"))
    with h5py.File(held, "a") as file:
        group = file["layers/dense/vars"] if "layers/dense/vars" in file else file["layers/head/vars"]
        del group["0"]
        if trick == "external link":
            group["0"] = h5py.ExternalLink(str(tmp_path / "other.h5"), "/x")
        elif trick == "soft link":
            group["0"] = h5py.SoftLink("/layers")
        else:
            group.create_dataset("0", (4, 3), "float32", external=[(str(tmp_path / "secret.bin"), 0, 48)])
    path = tmp_path / "linked.keras"
    with zipfile.ZipFile(honest) as source, zipfile.ZipFile(path, "w") as archive:
        for entry in source.namelist():
            archive.writestr(entry, held.getvalue() if entry == "model.weights.h5" else source.read(entry))
    assert "not a Keras model: Not allowed: H5 file with" in refusal(path)


def data_error(**keys):
    with pytest.raises(DataError) as caught:
        build_data(Data.model_validate(keys), seed=0, text_output="int", fitted=None)
    [problem] = caught.value.problems
    return problem


@pytest.fixture
def poor(monkeypatch):
    """A machine with 2 MB of free memory."""
    monkeypatch.setattr(memory, "available", lambda: 2_000_000)


def test_pickles_in_an_npz(tmp_path, canary):
    class Evil:
        def __reduce__(self):
            return os.system, (f"touch {canary}",)

    np.savez(tmp_path / "a.npz", x=np.array([Evil()] * 4, object), y=np.arange(4))
    found = data_error(npz=str(tmp_path / "a.npz"))
    assert found.message == "the array 'x' holds pickled objects, which are not loaded"


def test_an_npz_bomb(tmp_path, poor):
    np.savez_compressed(tmp_path / "a.npz", x=np.zeros((1000, 1000), np.float32), y=np.zeros(1000))
    assert (tmp_path / "a.npz").stat().st_size < 10_000
    assert data_error(npz=str(tmp_path / "a.npz")).message == "its arrays would need 0.0 GiB of memory"


def test_an_npy_that_promises_more_than_it_holds(tmp_path):
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,), }"
    header += b" " * (118 - len(header)) + b"\n"
    entry = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("x.npy", entry)
        archive.writestr("y.npy", entry)
    assert data_error(npz=str(tmp_path / "a.npz")).path == ("data", "npz")


def test_a_table_larger_than_the_memory(tmp_path, poor):
    (tmp_path / "a.csv").write_text("a,b\n" + "1,2\n" * 500_000)
    assert "would need" in data_error(csv=str(tmp_path / "a.csv"), label="b").message


def test_a_parquet_that_repeats_one_value(tmp_path, poor):
    pandas = pytest.importorskip("pandas")
    pandas.DataFrame({"a": np.zeros(300_000), "b": np.zeros(300_000)}).to_parquet(tmp_path / "a.parquet")
    assert (tmp_path / "a.parquet").stat().st_size < 100_000
    assert "300,000 rows would need" in data_error(parquet=str(tmp_path / "a.parquet"), label="b").message


def test_a_packed_table_is_not_unpacked(tmp_path):
    import gzip

    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b"a,b\n1,2\n"))
    found = data_error(csv=str(tmp_path / "a.csv.gz"), label="b")
    assert (found.message, found.hint) == ("not a table in csv", "unpack it first")


def test_a_separator_is_a_text_and_no_regular_expression(tmp_path):
    """`(a+)+$` takes time without end on a row of a's, where it is a regular expression."""
    (tmp_path / "a.csv").write_text("x(a+)+$y\n" + "\n".join(f"{'a' * 40}b(a+)+${n % 2}" for n in range(20)) + "\n")
    data = Data.model_validate(
        {"csv": {"path": str(tmp_path / "a.csv"), "separator": "(a+)+$"}, "label": "y", "batch_size": 8}
    )
    assert build_data(data, seed=0, text_output="int", fitted=None).num_outputs == 2


def png(width, height):
    """The head of a PNG image of that size, with a line of data."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(bytes(width + 1)))
        + chunk(b"IEND", b"")
    )


def pictures(folder: Path, one: bytes):
    for name in ("cat", "dog"):
        (folder / name).mkdir(parents=True)
        (folder / name / "1.png").write_bytes(one)
    return str(folder)


@pytest.mark.parametrize("size", [None, [8, 8]])
def test_an_image_bomb(tmp_path, size):
    folder = pictures(tmp_path / "p", png(60_000, 60_000))
    found = data_error(image_folder=folder, image={"size": size})
    assert found.message == "2 of 2 files cannot be read"
    assert "decompression bomb" in found.found


def test_images_larger_than_the_memory(tmp_path, poor):
    assert "GiB of memory" in data_error(image_folder=pictures(tmp_path / "p", png(4000, 4000))).message
