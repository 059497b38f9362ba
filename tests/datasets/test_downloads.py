from __future__ import annotations

import builtins
import hashlib
import http.server
import threading
from pathlib import Path

import pytest

from spinglass_nn.datasets import download, downloads
from spinglass_nn.errors import DataError, MissingDependency, ParameterError

FULL = Path("/usr/share/datasets/fashion-mnist")
# When the publisher compressed each pair of files, as their gzip headers tell (seconds).
TIMES = {"train": 1504176606, "t10k": 1504176627}


@pytest.fixture
def served(tmp_path, monkeypatch):
    """A local server; gives its folder, and a function that offers files of it."""
    root = tmp_path / "served"
    root.mkdir()

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=str(root))

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")

    def offer(files):
        source = downloads._Source(f"http://127.0.0.1:{server.server_port}/", files)
        monkeypatch.setitem(downloads._SOURCES, "fashion-mnist", source)

    yield root, offer
    server.shutdown()
    server.server_close()


def test_download_and_check(served, tmp_path):
    pytest.importorskip("pooch")
    root, offer = served
    (root / "a.gz").write_bytes(b"content")
    offer({"a.gz": hashlib.sha256(b"content").hexdigest()})
    folder = download("fashion-mnist", tmp_path / "new" / "folder")
    assert (folder / "a.gz").read_bytes() == b"content"
    (root / "a.gz").unlink()
    assert download("fashion-mnist", folder) == folder  # already there: nothing is fetched


def test_wrong_checksum_leaves_nothing(served, tmp_path):
    pytest.importorskip("pooch")
    root, offer = served
    (root / "a.gz").write_bytes(b"tampered")
    offer({"a.gz": hashlib.sha256(b"content").hexdigest()})
    with pytest.raises(DataError, match=r"a\.gz could not be downloaded from .*: .*hash"):
        download("fashion-mnist", tmp_path / "new")
    assert list((tmp_path / "new").iterdir()) == []


def test_missing_on_the_server(served, tmp_path):
    pytest.importorskip("pooch")
    _, offer = served
    offer({"a.gz": "0" * 64})
    with pytest.raises(DataError, match=r"a\.gz could not be downloaded from .*404"):
        download("fashion-mnist", tmp_path)


def test_offline(tmp_path, monkeypatch):
    pytest.importorskip("pooch")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    source = downloads._Source("http://127.0.0.1:9/", {"a.gz": "0" * 64})
    monkeypatch.setitem(downloads._SOURCES, "fashion-mnist", source)
    with pytest.raises(DataError, match=r"a\.gz could not be downloaded from http") as caught:
        download("fashion-mnist", tmp_path)
    assert "\n" not in str(caught.value)


def test_without_pooch(tmp_path, monkeypatch):
    real = builtins.__import__

    def hidden(name, *args, **kwargs):
        if name == "pooch":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", hidden)
    with pytest.raises(MissingDependency, match=r"pip install 'spinglass_nn\[data\]'"):
        download("fashion-mnist", tmp_path)


def test_only_what_is_offered(tmp_path):
    with pytest.raises(ParameterError, match="one of 'fashion-mnist', got 'mnist'"):
        download("mnist", tmp_path)


@pytest.mark.real_data
@pytest.mark.skipif(not FULL.is_dir(), reason="package dataset-fashion-mnist not installed")
@pytest.mark.parametrize("name", sorted(downloads._SOURCES["fashion-mnist"].files))
def test_checksums_are_those_of_the_published_files(name):
    # Debian took time and name out of the gzip header; with both put back the file is the
    # publisher's, bit for bit.
    content = (FULL / name).read_bytes()
    time = TIMES[name.split("-")[0]].to_bytes(4, "little")
    stem = name.removesuffix(".gz").encode() + b"\0"
    original = content[:3] + b"\x08" + time + content[8:10] + stem + content[10:]
    expected = downloads._SOURCES["fashion-mnist"].files[name]
    assert hashlib.sha256(original).hexdigest() == expected
