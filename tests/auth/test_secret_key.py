"""The key that signs: given, or made once, kept for its owner alone, and the same for every process."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from metrics_dash.auth.secret_key import FILE, secret_key
from metrics_dash.settings import Settings, SettingsError, load_settings


def test_a_key_that_is_given_is_taken_and_nothing_is_kept(tmp_path: Path) -> None:
    assert secret_key(load_settings({"SECRET_KEY": "k" * 32, "METRICS_DATA_DIR": str(tmp_path)})) == "k" * 32
    assert list(tmp_path.iterdir()) == []


def test_one_is_made_at_the_first_start_and_kept_for_its_owner_alone(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "fresh")
    key = secret_key(settings)
    assert len(key.encode()) >= 32
    assert secret_key(settings) == key
    (file,) = settings.data_dir.iterdir()
    assert (file.name, stat.S_IMODE(file.stat().st_mode)) == (FILE, 0o600)


def test_processes_that_start_at_once_get_the_same(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: secret_key(Settings(data_dir=tmp_path)), range(16)))
    assert len(keys) == 1
    assert [file.name for file in tmp_path.iterdir()] == [FILE]


def test_one_that_others_can_read_is_refused_and_not_shown(tmp_path: Path) -> None:
    key = secret_key(Settings(data_dir=tmp_path))
    (tmp_path / FILE).chmod(0o644)
    with pytest.raises(SettingsError, match="chmod 600") as error:
        secret_key(Settings(data_dir=tmp_path))
    assert key not in str(error.value)


def test_one_that_is_too_short_is_refused(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("short")
    (tmp_path / FILE).chmod(0o600)
    with pytest.raises(SettingsError, match="less than 32 bytes"):
        secret_key(Settings(data_dir=tmp_path))


def test_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("x" * 64)
    (tmp_path / FILE).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match=r"symbolic link"):
        secret_key(Settings(data_dir=tmp_path))
