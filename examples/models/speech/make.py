"""Speak digits with eSpeak NG, train a small network on them, write speech.onnx.

Sounds are 1 s at 8000 samples/s, values -1..1. The ONNX file takes the samples
themselves: the log-mel spectrum is computed by constant operators inside it.
"""
import subprocess
import sys
import wave
from multiprocessing import Pool
from multiprocessing.pool import ThreadPool
from pathlib import Path

import numpy as np
from onnx import TensorProto

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import onnxfile
from nets import Classifier, Conv, Dropout, Flatten, Linear, Relu, train

WORDS = "zero one two three four five six seven eight nine".split()
ACCENTS = "en-us en-gb en-gb-x-rp en-gb-x-gbclan en-029 en-us-nyc".split()
HELD_OUT_ACCENTS = "en-gb-scotland en-gb-x-gbcwmd".split()
HELD_OUT_VARIANTS = """
f2 f5 m4 m7 Alicia Andrea Michael edward edward2 john linda max norbert steph steph2 steph3 victor
""".split()

VARIATIONS = 6           # varied copies of every training sound
RATE = 8000              # samples/s
WINDOW, HOP = 256, 80    # samples: 32 ms windows every 10 ms
MARGIN = 88              # zeros before and after, samples; gives 100 frames
FRAMES = 100
BINS = np.arange(1, 121)                # DFT bins used: 31 Hz .. 3750 Hz
MELS, LOW, HIGH = 32, 60.0, 3750.0      # filters, Hz, Hz
FLOOR = 1e-4                            # added to the mel power before the logarithm
SCALE = 0.3                             # brings the log-mel spectrum near unit variance


def variants():
    """The voice variants of eSpeak NG that are not held out (no space in the name)."""
    table = subprocess.run(["espeak-ng", "--voices=variant"], capture_output=True, text=True, check=True)
    names = {line.split("!v/")[1].strip() for line in table.stdout.splitlines() if "!v/" in line}
    return sorted(name for name in names if " " not in name and name not in HELD_OUT_VARIANTS)


def speak(job):
    """`job` is (voice, word, words/min, pitch 0..99); return the trimmed sound at RATE."""
    voice, word, speed, pitch = job
    command = ["espeak-ng", "-v", voice, "-s", str(speed), "-p", str(pitch), "--stdout", word]
    data = subprocess.run(command, capture_output=True, check=True).stdout
    if int.from_bytes(data[24:28], "little") != 22050:
        raise SystemExit(f"{voice}: expected 22050 samples/s")
    sound = np.frombuffer(data[44:], np.int16).astype(np.float64)
    sound = np.pad(sound, (0, -len(sound) % 441))          # 22050 : 8000 = 441 : 160
    length = len(sound) * 160 // 441
    sound = np.fft.irfft(np.fft.rfft(sound)[:length // 2 + 1], length)
    loud = np.flatnonzero(np.abs(sound) > 0.02 * np.abs(sound).max())
    sound = sound[loud[0]:loud[-1] + 1]
    return (sound / np.abs(sound).max()).astype(np.float32)


def sound_set(rng, accents, names, repeats):
    """Every word in every voice, `repeats` times at random speed and pitch: (sounds, labels)."""
    jobs, labels = [], []
    for voice in (f"{accent}+{name}" for accent in accents for name in names):
        for label, word in enumerate(WORDS):
            for _ in range(repeats):
                jobs.append((voice, word, rng.integers(120, 240), rng.integers(15, 85)))
                labels.append(label)
    with ThreadPool(4) as pool:
        return pool.map(speak, jobs), np.array(labels)


def vary(rng, sound):
    """Stretch, tilt the spectrum, shift, scale and add noise; return RATE samples."""
    length = min(int(len(sound) * rng.uniform(0.9, 1.1)), RATE - 100)
    sound = np.interp(np.linspace(0, len(sound) - 1, length), np.arange(len(sound)), sound)
    sound[1:] += rng.uniform(-0.5, 0.5) * sound[:-1]
    start = rng.integers(0, RATE - length)
    noise = np.fft.rfft(rng.normal(size=RATE))
    noise = np.fft.irfft(noise / np.arange(1, len(noise) + 1) ** rng.uniform(0, 0.5), RATE)
    ratio = 10 ** (-rng.uniform(8, 40) / 20)               # noise to speech, amplitude
    audio = noise * (ratio * sound.std() / noise.std())
    audio[start:start + length] += sound
    return (audio * (rng.uniform(0.05, 0.95) / np.abs(audio).max())).astype(np.float32)


def transform():
    """Hann-windowed DFT: (cosines, sines), each [bin, WINDOW]."""
    time = np.arange(WINDOW)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * time / WINDOW)
    angle = 2 * np.pi * BINS[:, None] * time / WINDOW
    return (window * np.cos(angle)).astype(np.float32), (window * np.sin(angle)).astype(np.float32)


def mel_filters():
    """Triangular filters, equally spaced in mel: [MELS, bin]."""
    def mel(hertz):
        return 2595 * np.log10(1 + hertz / 700)
    edges = 700 * (10 ** (np.linspace(mel(LOW), mel(HIGH), MELS + 2) / 2595) - 1)
    low, middle, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    hertz = BINS * RATE / WINDOW
    rising, falling = (hertz - low) / (middle - low), (high - hertz) / (high - middle)
    return np.clip(np.minimum(rising, falling), 0, None).astype(np.float32)


def spectrum(audio):
    """[batch, RATE] samples to the normalised log-mel spectrum [batch, 1, MELS, FRAMES]."""
    padded = np.pad(audio, ((0, 0), (MARGIN, MARGIN)))
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW, 1)[:, ::HOP]
    frames = np.ascontiguousarray(frames).reshape(-1, WINDOW)
    cosines, sines = transform()
    power = ((frames @ cosines.T) ** 2 + (frames @ sines.T) ** 2).reshape(len(audio), FRAMES, -1)
    mel = np.log(power @ mel_filters().T + np.float32(FLOOR)).transpose(0, 2, 1)
    return ((mel - mel.mean((1, 2), keepdims=True)) * np.float32(SCALE))[:, None]


def varied_spectra(job):
    """`job` is (seed, sounds); one varied spectrum of each, as float16 to save memory."""
    seed, sounds = job
    rng = np.random.default_rng(seed)
    return spectrum(np.array([vary(rng, sound) for sound in sounds])).astype(np.float16)


def export_spectrum(graph, audio):
    """Add `spectrum` to the graph; a frame is one step of a 1 x WINDOW convolution."""
    rows = graph.reshape(audio, [-1, 1, 1, RATE])
    squares = []
    for waves in transform():
        part = graph.node("Conv", rows, graph.constant(waves[:, None, None]), kernel_shape=[1, WINDOW],
                          strides=[1, HOP], pads=[0, MARGIN, 0, MARGIN])
        squares.append(graph.node("Mul", part, part))
    mel = graph.node("Conv", graph.node("Add", *squares), graph.constant(mel_filters()[:, :, None, None]),
                     graph.constant(np.full(MELS, FLOOR, np.float32)),
                     kernel_shape=[1, 1], strides=[1, 1], pads=[0, 0, 0, 0])
    mel = graph.node("Log", mel)
    mel = graph.node("Sub", mel, graph.node("ReduceMean", mel, axes=[1, 2, 3], keepdims=1))
    mel = graph.node("Mul", mel, graph.constant(np.float32(SCALE)))
    return graph.reshape(mel, [-1, 1, MELS, FRAMES])


def network(rng):
    return Classifier([
        Conv(rng, 1, 16, 5, 2), Relu(), Conv(rng, 16, 32, 3, 2), Relu(),
        Conv(rng, 32, 48, 3, 2), Relu(), Conv(rng, 48, 64, 3, 2), Relu(),
        Flatten(), Dropout(rng, 0.4), Linear(rng, 896, 10)])


def recognise(model, audio):
    parts = [model.probabilities(spectrum(audio[i:i + 128])) for i in range(0, len(audio), 128)]
    return np.concatenate(parts)


def accuracy(model, audio, labels, name):
    right = recognise(model, audio).argmax(1) == labels
    print(f"accuracy on {name}: {100 * right.mean():.2f} % of {len(labels)} sounds")


def write_samples(model, audio, labels):
    """The first sound of each digit that the network recognises, as 16-bit WAV."""
    (HERE / "samples").mkdir(exist_ok=True)
    right = recognise(model, audio).argmax(1) == labels
    for digit in range(10):
        with wave.open(str(HERE / "samples" / f"{digit}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE)
            file.writeframes((audio[right & (labels == digit)][0] * 32767).astype("<i2").tobytes())


def write_model(model):
    graph = onnxfile.Graph()
    model.export(graph, export_spectrum(graph, "audio"))
    graph.save(HERE / "speech.onnx", [("audio", TensorProto.FLOAT, ["batch", RATE])], graph.classify(),
               "Spoken digits, 1 s at 8 kHz")


def main():
    rng = np.random.default_rng(2)
    sounds, labels = sound_set(rng, ACCENTS, variants(), 2)
    print(f"{len(labels)} training sounds", flush=True)
    tests = {}
    for name, accents in (("accents", ACCENTS), ("held-out accents", HELD_OUT_ACCENTS)):
        spoken, digits = sound_set(rng, accents, HELD_OUT_VARIANTS, 2)
        tests[name] = np.array([vary(rng, s) for s in spoken]), digits

    jobs = [((copy, i), sounds[i:i + 120])
            for copy in range(VARIATIONS) for i in range(0, len(sounds), 120)]
    with Pool(2) as pool:
        spectra = np.concatenate(pool.map(varied_spectra, jobs, chunksize=1))

    def batch(_):
        rows = rng.integers(len(spectra), size=96)
        return spectra[rows].astype(np.float32), labels[rows % len(labels)]

    model = network(rng)
    train(model, batch, steps=2500)
    for name, (audio, digits) in tests.items():
        accuracy(model, audio, digits, f"held-out variants, {name}")
    write_model(model)
    audio, digits = tests["held-out accents"]
    onnxfile.check(HERE / "speech.onnx", recognise(model, audio[:100]), 1e-4, audio=audio[:100])
    write_samples(model, audio, digits)


if __name__ == "__main__":
    main()
