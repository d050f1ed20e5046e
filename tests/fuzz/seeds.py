#!/usr/bin/env python3
"""seeds.py FOLDER: writes what fuzzing begins with, from files that the tests have anyway, one folder per target.

frame: the golden messages of the wire and the malformed ones; onnx: the example models' first and last bytes, which have
all but the weights; npy: the smallest of the models' reference tensors.
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
    return {"frame": frames, "onnx": [part for each in models for part in (each[:4096], each[-4096:])], "npy": tensors}


def main(folder: pathlib.Path) -> None:
    for target, contents in seeds().items():
        shutil.rmtree(folder / target, ignore_errors=True)
        (folder / target).mkdir(parents=True)
        for number, content in enumerate(contents):
            (folder / target / f"{number:03}").write_bytes(content)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
