"""A logo is a picture of a kind that browsers show, told by its bytes, and bounded."""

from pathlib import Path

import pytest

from metrics_dash.logo import MAX_BYTES, PNG, SVG, WEBP, read_logo

SVG_PICTURE = (
    b'<?xml version="1.0"?><!-- ours --><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
)
PNG_PICTURE = b"\x89PNG\r\n\x1a\n" + b"\0" * 9


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (PNG_PICTURE, PNG),
        (b"RIFF\x10\0\0\0WEBPVP8 ", WEBP),
        (SVG_PICTURE, SVG),
        (b'<s:svg xmlns:s="http://www.w3.org/2000/svg"/>', SVG),
    ],
)
def test_a_picture_is_what_its_bytes_are_whatever_it_is_called(tmp_path: Path, data: bytes, kind: str) -> None:
    path = tmp_path / "logo.txt"
    path.write_bytes(data)
    logo = read_logo(path)
    assert (logo.kind, logo.data) == (kind, data)
    assert len(logo.digest) == 16


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GIF89a",
        b"<html><svg/></html>",
        b"<svg>",
        b"\xff\xfe<svg/>",
        b'<!DOCTYPE svg [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><svg>&b;</svg>',
    ],
)
def test_what_is_no_picture_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "logo.svg"
    path.write_bytes(data)
    with pytest.raises(ValueError, match="is no PNG, WebP or SVG"):
        read_logo(path)


def test_what_is_too_large_or_is_not_there_is_said_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "logo.png"
    path.write_bytes(PNG_PICTURE + b"\0" * MAX_BYTES)
    with pytest.raises(ValueError, match=r"^is larger than 256 KiB$"):
        read_logo(path)
    with pytest.raises(ValueError, match=r"^can't be read: No such file or directory$"):
        read_logo(tmp_path / "none.png")
    with pytest.raises(ValueError, match=r"^can't be read: Is a directory$"):
        read_logo(tmp_path)
