"""An error of the system's names the setting and what to do; another one keeps its own words."""

from metrics_dash.commands.complaints import of_data_folder, of_database
from tests.commands.conftest import Run


def test_a_data_folder_that_can_not_be_written_to_is_named_with_what_to_do(run: Run) -> None:
    # Where not even root may make a folder.
    ended = run("migrate", METRICS_DATA_DIR="/proc/metrics")
    assert (ended.code, ended.err.count("metrics_dash:")) == (1, 1)
    assert "METRICS_DATA_DIR: /proc/metrics can't be written to" in ended.err
    assert "set METRICS_DATA_DIR to one" in ended.err


def test_another_file_that_can_not_be_read_is_no_data_folder() -> None:
    assert of_data_folder(PermissionError(13, "Permission denied", "/elsewhere/events.ndjson")) is None
    assert of_data_folder(ValueError("no file at all")) is None


def test_what_the_database_says_is_told_in_one_line() -> None:
    assert of_database(OSError("connection refused\nIs it running?")).endswith("connection refused")
