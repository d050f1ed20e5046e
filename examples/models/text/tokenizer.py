"""The tokenizer of encoder.onnx; README.md states the same rules in words."""
import re

VOCABULARY = 2048        # ids 1..2047 are hashes, 0 is padding
LENGTH = 64              # ids per text


def fnv1a(data):
    """The 32-bit FNV-1a hash of a byte string."""
    value = 2166136261
    for byte in data:
        value = (value ^ byte) * 16777619 % 2 ** 32
    return value


def pieces(text):
    """The words of a text (lower-case ASCII, UTF-8 otherwise), each followed by its trigrams."""
    for word in re.findall(rb"[a-z0-9\x80-\xff]+", text.encode().lower()):
        yield word
        if len(word) >= 4:
            for i in range(len(word) - 2):
                yield b"#" + word[i:i + 3]


def tokenize(text):
    """LENGTH ids; what does not fit is dropped."""
    ids = [1 + fnv1a(piece) % (VOCABULARY - 1) for piece in pieces(text)][:LENGTH]
    return ids + [0] * (LENGTH - len(ids))
