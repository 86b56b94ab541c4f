"""What a picture shows stands in its file, where image viewers find it."""

import io

import pytest
from PIL import Image

from layouts.export.png import with_text
from tests.support.pictures import LINK, blank_png


def texts_of(png: bytes) -> dict[str, str]:
    """As an image viewer reads them; it checks every chunk's checksum."""
    image = Image.open(io.BytesIO(png))
    image.load()
    return {name: str(text) for name, text in image.text.items()}


def test_what_a_picture_shows_stands_in_its_file_in_any_script() -> None:
    texts = {"Title": "Login Rate · Auth", "Source": LINK, "Note": "Zeit → 時間", "Empty": ""}
    assert texts_of(with_text(blank_png(), texts)) == {name: text for name, text in texts.items() if text}


def test_the_picture_itself_stays_as_it_was() -> None:
    before, after = (Image.open(io.BytesIO(png)) for png in (blank_png(), with_text(blank_png(), {"Title": "x"})))
    assert (before.size, before.tobytes()) == (after.size, after.tobytes())
    assert with_text(blank_png(), {}) == blank_png()


def test_a_keyword_is_cut_to_what_the_format_allows() -> None:
    assert list(texts_of(with_text(blank_png(), {"n" * 200: "long"}))) == ["n" * 79]


@pytest.mark.parametrize("other", [b"GIF89a", b"", blank_png()[:12] + b"JUNK" + blank_png()[16:]])
def test_only_a_png_takes_text(other: bytes) -> None:
    with pytest.raises(ValueError, match="not a PNG"):
        with_text(other, {"Title": "x"})
