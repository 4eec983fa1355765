"""The codec of frames, by the vectors shared with TypeScript."""

import json
import marshal
import struct
from pathlib import Path

import pytest

from taipan import frames

VECTORS = json.loads(
    (Path(__file__).parents[2] / "test" / "vectors" / "frames.json").read_text("utf-8")
)


@pytest.mark.parametrize("vector", VECTORS["frames"], ids=lambda vector: vector["name"])
def test_a_frame_is_written_and_read(vector):
    payload = bytes.fromhex(vector["payload_hex"])
    data = bytes.fromhex(vector["bytes_hex"])
    assert frames.encode(vector["type"], vector["flags"], payload, vector["tag"]) == data
    decoder = frames.Decoder()
    decoder.feed(data)
    expected = frames.Frame(vector["type"], vector["flags"], vector["tag"], payload)
    assert list(decoder.frames()) == [expected]
    assert decoder.empty


@pytest.mark.parametrize("vector", VECTORS["marshal"], ids=lambda vector: vector["name"])
def test_a_request_of_typescript_is_read(vector):
    body = vector["body"]
    expected = (
        vector["application"],
        vector["environ"],
        None if body is None else body.encode("latin-1"),
    )
    # The worker's buffer has other bytes after the value.
    loaded = marshal.loads(bytes.fromhex(vector["bytes_hex"]) + b"rubbish")
    assert loaded == expected
    for key, value in loaded[1].items():
        assert type(key) is str and type(value) is str
        assert value.encode("latin-1").decode("latin-1") == value
        assert hash(value) == hash("".join(list(value)))
        assert {"".join(list(key)): 1}[key] == 1


def test_bytes_may_come_one_by_one():
    stream = b"".join(bytes.fromhex(vector["bytes_hex"]) for vector in VECTORS["frames"])
    decoder = frames.Decoder()
    found = []
    for index in range(len(stream)):
        decoder.feed(stream[index : index + 1])
        found.extend(decoder.frames())
    assert [frame.kind for frame in found] == [vector["type"] for vector in VECTORS["frames"]]


def test_a_length_above_the_limit_is_refused():
    decoder = frames.Decoder()
    decoder.feed(struct.pack("<BBHI", 2, 0, 0, frames.PAYLOAD_LIMIT + 1))
    with pytest.raises(frames.FrameError):
        decoder.take()
    with pytest.raises(frames.FrameError):
        frames.encode(frames.DATA, 0, bytes(frames.PAYLOAD_LIMIT + 1))
