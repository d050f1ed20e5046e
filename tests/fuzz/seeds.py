#!/usr/bin/env python3
"""seeds.py FOLDER: writes what fuzzing begins with, from files that the tests have anyway, one folder per target.

frame: the golden messages of the wire and the malformed ones; onnx: the example models' first and last bytes, which have
all but the weights, and one with weights in another file; npy: the smallest of the models' reference tensors.
"""

import json
import pathlib
import shutil
import sys

TESTS = pathlib.Path(__file__).resolve().parents[1]
MODELS = TESTS.parent / "examples" / "models"


def seeds() -> dict[str, list[bytes]]:
    golden = json.loads((TESTS / "protocol" / "golden.json").read_text())
    frames = [bytes.fromhex(each["frame"]) for kind in ("messages", "malformed") for each in golden[kind]]
    models = [path.read_bytes() for path in sorted(MODELS.rglob("*.onnx"))]
    tensors = sorted((path.read_bytes() for path in MODELS.rglob("*.npy")), key=len)[:8]
    onnx = [part for each in models for part in (each[:4096], each[-4096:])] + [external_data()]
    return {"frame": frames, "onnx": onnx, "npy": tensors}


def external_data() -> bytes:
    """A model with a tensor in another file, both in its graph and in one inside of a node."""
    def field(number: int, content: bytes) -> bytes:
        assert len(content) < 128 * 128
        size = bytes([len(content)]) if len(content) < 128 else bytes([len(content) % 128 + 128, len(content) // 128])
        return bytes([number * 8 + 2]) + size + content

    entries = ((b"location", b"w.bin"), (b"offset", b"16"), (b"length", b"8"))
    tensor = b"\x08\x02\x10\x01" + field(8, b"w") + b"".join(field(13, field(1, k) + field(2, v)) for k, v in entries) + b"\x70\x01"
    graph = field(5, tensor)
    return b"\x08\x08" + field(7, field(1, field(5, field(6, graph))) + graph) + field(8, b"\x10\x11")


def main(folder: pathlib.Path) -> None:
    for target, contents in seeds().items():
        shutil.rmtree(folder / target, ignore_errors=True)
        (folder / target).mkdir(parents=True)
        for number, content in enumerate(contents):
            (folder / target / f"{number:03}").write_bytes(content)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
