"""Ids with secrets: read back, recognised, and never shown by accident."""

import pytest

from metrics_dash.auth.secrets import LINK, TOKEN, digest_of, new_cookie, new_secret, read_secret


def test_a_secret_that_is_shown_is_recognised_by_what_was_kept_of_it() -> None:
    made = new_secret(TOKEN)
    shown = read_secret(str(made), TOKEN)
    assert shown == made
    assert shown is not None
    assert shown.fits(made.digest)
    assert not new_secret(TOKEN).fits(made.digest)
    assert made.secret.encode() not in made.digest
    assert len(made.digest) == 32


def test_it_has_256_bits_and_no_two_are_alike() -> None:
    assert len(bytes.fromhex(new_secret(LINK).secret)) == 32
    assert len({new_secret(LINK).secret for _ in range(100)}) == 100
    assert len({new_cookie() for _ in range(100)}) == 100


@pytest.mark.parametrize("text", ["", "mdt_", "mdt_0123456789ab_" + "0" * 63, "mdt_0123456789AB_" + "0" * 64,
                                  "mdl_0123456789ab_" + "0" * 64, "mdt_0123456789ab_" + "0" * 64 + "\n",
                                  "mdt_0123456789ab_" + "٣" * 64])  # fmt: skip
def test_what_has_not_the_form_is_no_token(text: str) -> None:
    assert read_secret(text, TOKEN) is None


def test_a_traceback_or_a_log_line_does_not_show_it() -> None:
    made = new_secret(TOKEN)
    assert made.secret not in repr(made)
    assert made.identity in repr(made)


def test_what_is_no_text_can_be_digested_too() -> None:
    assert digest_of("\udc80") != digest_of("")
