"""How this process gives memory back."""

import ctypes

_MIB = 1024 * 1024
# Of glibc's malloc.h.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3


def give_back_large_blocks() -> None:
    """Have what is larger than a mebibyte go back to the system when it is freed, whichever thread held it.

    glibc begins so, but raises the bound to the largest block that was ever freed: after one body of 20 MiB each of
    the server's threads would keep up to 40 MiB for good. Setting the bound stops that. Elsewhere nothing happens.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return
    mallopt(_M_MMAP_THRESHOLD, _MIB)
    mallopt(_M_TRIM_THRESHOLD, _MIB)
