"""Text in PNG files: what a picture shows, kept in the file itself, where image viewers and scripts find it.

The same is done in the browser by assets/share/png.js. It is own code because an image library would decode and
compress the whole picture anew to add a few bytes of text, and would be installed for that alone.
"""

import zlib
from collections.abc import Mapping

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEADER_ENDS = len(SIGNATURE) + 25
"""The first chunk, IHDR, is always 13 bytes long, with 12 around them."""
_LONGEST_KEYWORD = 79


def with_text(png: bytes, texts: Mapping[str, str]) -> bytes:
    """Return the image with a text chunk for each keyword, right after its header. Raises ``ValueError`` for no PNG."""
    if not png.startswith(SIGNATURE) or png[12:16] != b"IHDR":
        raise ValueError("not a PNG image")
    chunks = b"".join(_text_chunk(keyword, text) for keyword, text in texts.items() if text)
    return png[:_HEADER_ENDS] + chunks + png[_HEADER_ENDS:]


def _text_chunk(keyword: str, text: str) -> bytes:
    """Return an iTXt chunk: keyword, not compressed, no language, UTF-8. See the PNG specification, 11.3.3.4."""
    name = keyword.encode("latin-1", errors="replace")[:_LONGEST_KEYWORD]
    return _chunk(b"iTXt", name + b"\0" + b"\0\0" + b"\0" + b"\0" + text.encode("utf-8"))


def _chunk(kind: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(kind + content)
    return len(content).to_bytes(4, "big") + kind + content + checksum.to_bytes(4, "big")
