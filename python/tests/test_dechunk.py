"""Decoding bodies of applications that use the chunked coding themselves."""

import pytest

from taipan.wsgi.dechunk import ChunkDecoder, ChunkError

GOOD = b"5\r\nhello\r\n6;ext=1\r\n world\r\n0\r\nTrailer: x\r\n\r\n"


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_content_comes_out_whatever_the_blocks(size):
    decoder = ChunkDecoder()
    blocks = [GOOD[at : at + size] for at in range(0, len(GOOD), size)]
    assert b"".join(map(decoder.decode, blocks)) == b"hello world"
    assert decoder.done


@pytest.mark.parametrize(
    "bad",
    [b"x\r\n", b"5\nhello", b"-5\r\n", b"0x5\r\n", b"\r\n", b"5\r\nhelloo\r\n", GOOD + b"more"]
    + [b"5 5\r\n", b"1" * 20 + b"\r\n", b"1" * 10000],
)
def test_bad_framing_is_refused(bad):
    with pytest.raises(ChunkError):
        ChunkDecoder().decode(bad)
