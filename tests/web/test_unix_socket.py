"""A Unix socket: for its owner and group from its first moment on, never stolen, and gone at the end."""

import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from metrics_dash.web.serve import ListenError, PortInUseError
from metrics_dash.web.unix_socket import bound


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "http.sock"


@contextmanager
def mask(bits: int) -> Iterator[None]:
    """The process's umask, and afterwards that of before; that one is given back by what is tested."""
    before = os.umask(bits)
    try:
        yield
        assert os.umask(bits) == bits
    finally:
        os.umask(before)


@pytest.mark.parametrize("bits", [0o000, 0o022, 0o077])
def test_it_is_its_owners_and_groups_whatever_the_mask_and_gone_at_the_end(path: Path, bits: int) -> None:
    with mask(bits), bound(path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o660
    assert not path.exists()


def test_nobody_else_can_use_it_in_its_first_moment(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    bind = socket.socket.bind

    def looked_at(listener: socket.socket, address: str) -> None:
        bind(listener, address)
        found.append(stat.S_IMODE(Path(address).stat().st_mode))

    monkeypatch.setattr(socket.socket, "bind", looked_at)
    with mask(0), bound(path):
        assert found == [0o660]


def test_one_that_was_left_behind_makes_room(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as killed:
        killed.bind(str(path))
        killed.listen()
    with bound(path) as listener, socket.socket(socket.AF_UNIX) as client:
        listener.listen()
        client.connect(str(path))


@pytest.mark.parametrize("waiting", [0, 5])
def test_one_that_somebody_listens_on_is_not_taken_over(path: Path, waiting: int) -> None:
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        other.listen(1)
        clients = [socket.socket(socket.AF_UNIX) for _ in range(waiting)]
        for client in clients:
            client.setblocking(False)
            client.connect_ex(str(path))
        with pytest.raises(PortInUseError, match="somebody listens"), bound(path):
            pytest.fail("it was taken over")
        for client in clients:
            client.close()
        assert path.is_socket()


@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_what_is_no_socket_is_left_alone(path: Path, kind: str) -> None:
    {"file": path.touch, "folder": path.mkdir, "link": lambda: path.symlink_to("nowhere")}[kind]()
    with pytest.raises(PortInUseError, match="no socket"), bound(path):
        pytest.fail("it was taken for one")
    assert os.path.lexists(path)


def test_a_folder_that_is_not_there_is_told_with_the_setting(path: Path) -> None:
    with pytest.raises(ListenError, match=r"METRICS_HOST: can't listen at .*No such file"), bound(path / "gone" / "s"):
        pytest.fail("it was bound")


def test_one_that_another_server_put_in_its_place_stays(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as other:
        with bound(path):
            path.unlink()
            other.bind(str(path))
        assert path.is_socket()
