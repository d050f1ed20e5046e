"""Draw digits with Debian's fonts, train a small network on them, write digits.onnx.

Pictures are 28 x 28, grey, white digit on black, values 0..1.
"""
import subprocess
import sys
from multiprocessing import Pool
from pathlib import Path

import numpy as np
from onnx import TensorProto
from PIL import Image, ImageDraw, ImageFilter, ImageFont

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import onnxfile
from nets import Classifier, Conv, Dropout, Flatten, Linear, Relu, train

TRAINING = """
AveriaSansGWF-Bold AveriaSansGWF-Italic AveriaSansGWF-Light Breip BecauseWeBuild-Regular
BecauseWeConnect-Regular BecauseWeCreate-Regular BecauseWeLearn-Regular BecauseWeMentor-Regular
BecauseWeOrganize-Regular Cantarell-Light Cantarell-Regular Cantarell-ExtraBold Carlito-Regular
Carlito-BoldItalic DancingScript-Bold DancingScript-Regular DejaVuSans DejaVuSans-Bold
DejaVuSans-ExtraLight DejaVuSansMono DejaVuSerif DejaVuSerif-Italic Dustismo Dustismo_Roman
dustismo_bold_italic Domestic_Manners El_Abogado_Loco Junkyard PenguinAttack Ecolier-court
Essays1743 Essays1743-BoldItalic FantasqueSansMono-Regular FantasqueSansMono-BoldItalic
FreeMono FreeSans FreeSerif FreeSerifBoldItalic Hack-Regular Hack-BoldItalic Havana-Regular
Humor-Sans Inconsolata Jura-Light Jura-Bold Kristi Lato-Light Lato-Regular Lato-BlackItalic
LeckerliOne-Regular LiberationMono-Regular LiberationSans-Regular LiberationSans-BoldItalic
LiberationSansNarrow-Regular LiberationSerif-Regular LinBiolinum_R LinBiolinum_RI LinLibertine_R
LobsterTwo-Regular LobsterTwo-BoldItalic NotoSans-Regular NotoSerif-Italic
OpenDyslexic-Regular OpenDyslexicAlta-Italic Quicksand-Light Quicksand-Bold Roboto-Light
Roboto-Regular Roboto-BlackItalic Rufscript010 Delphine SteveHand summersby
C059-Roman P052-Italic URWBookman-Light URWGothic-Book Z003-MediumItalic
""".split()

HELD_OUT_HAND = "dkg dkgBd KaushanScript-Regular TomsonTalks ComicNeue-Regular ComicNeue-BoldItalic".split()
HELD_OUT_PRINT = """
Cabin-Regular Cabin-BoldItalic EBGaramond12-Regular OpenSans-Light OpenSans-Bold OpenSans-Italic
""".split()

GLYPH = 128          # side of a drawn glyph before variation, pixels
GLYPH_HEIGHT = 80    # height of the digit in it, pixels
GLYPHS = {}          # (face, digit) -> three images: thin, normal, thick


def font_files():
    """Face name (the file name without its ending) -> file, for the installed fonts."""
    listing = subprocess.run(["fc-list", "--format=%{file}\n"], capture_output=True, text=True, check=True)
    files = sorted(Path(line) for line in listing.stdout.splitlines())
    return {f.stem: f for f in files if f.suffix.lower() in (".ttf", ".otf")}


def draw(file, digit):
    """One digit, GLYPH_HEIGHT high, in the middle of a GLYPH x GLYPH picture."""
    font = ImageFont.truetype(str(file), 200)
    left, top, right, bottom = font.getbbox(digit)
    picture = Image.new("L", (right - left, bottom - top))
    ImageDraw.Draw(picture).text((-left, -top), digit, font=font, fill=255)
    picture = picture.crop(picture.getbbox())
    scale = min(GLYPH_HEIGHT / picture.height, 1.1 * GLYPH_HEIGHT / picture.width)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    glyph = Image.new("L", (GLYPH, GLYPH))
    glyph.paste(picture.resize(size, Image.LANCZOS), ((GLYPH - size[0]) // 2, (GLYPH - size[1]) // 2))
    return glyph


def strokes(glyph):
    """The glyph with thin, normal and thick strokes; hairlines are not thinned."""
    thin = glyph.filter(ImageFilter.MinFilter(3))
    if np.asarray(thin).sum() < 0.6 * np.asarray(glyph).sum():
        thin = glyph
    return thin, glyph, glyph.filter(ImageFilter.MaxFilter(7))


def vary(rng, glyph):
    """Turn, shear, stretch, shift, bend, blur and add noise; return 28 x 28 bytes."""
    angle, shear = rng.uniform(-0.26, 0.26), rng.uniform(-0.25, 0.25)
    height = rng.uniform(15, 22) / GLYPH_HEIGHT * 2       # doubled: drawn at 56 x 56
    width = height * rng.uniform(0.8, 1.2)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    forward = turn @ np.array([[1, shear], [0, 1]]) @ np.diag([width, height])
    back = np.linalg.inv(forward)
    grid = np.stack(np.meshgrid(np.arange(0, 57, 14), np.arange(0, 57, 14), indexing="ij"), -1)
    source = (grid - 28 - rng.uniform(-6, 6, 2)) @ back.T + GLYPH / 2 + rng.normal(0, 2.5, grid.shape)
    mesh = [((14 * i, 14 * j, 14 * i + 14, 14 * j + 14),
             (*source[i, j], *source[i, j + 1], *source[i + 1, j + 1], *source[i + 1, j]))
            for i in range(4) for j in range(4)]
    picture = glyph.transform((56, 56), Image.MESH, mesh, Image.BILINEAR).reduce(2)
    picture = picture.filter(ImageFilter.GaussianBlur(rng.uniform(0, 0.7)))
    values = np.asarray(picture) * rng.uniform(0.6, 1.1) + rng.normal(0, rng.uniform(0, 20), (28, 28))
    return np.clip(values, 0, 255).astype(np.uint8)


def picture_set(job):
    """`job` is (seed, faces, pictures per face and digit); return (pictures, labels)."""
    seed, faces, count = job
    rng = np.random.default_rng(seed)
    pictures, labels = [], []
    for face in faces:
        for digit in range(10):
            for _ in range(count):
                pictures.append(vary(rng, GLYPHS[face, digit][rng.integers(3)]))
                labels.append(digit)
    return np.array(pictures), np.array(labels)


def floats(pictures):
    return (pictures / np.float32(255)).astype(np.float32)[:, None]


def network(rng):
    return Classifier([
        Conv(rng, 1, 16, 5, 2), Relu(), Conv(rng, 16, 32, 3, 2), Relu(),
        Conv(rng, 32, 48, 3, 1), Relu(), Conv(rng, 48, 48, 3, 2), Relu(),
        Flatten(), Dropout(rng, 0.3), Linear(rng, 768, 10)])


def accuracy(model, pictures, labels, name):
    right = model.probabilities(floats(pictures)).argmax(1) == labels
    print(f"accuracy on {name}: {100 * right.mean():.2f} % of {len(labels)} pictures")


def write_samples(model, pictures, labels):
    """The first picture of each digit that the network recognises, as binary PGM and as the model's input."""
    (HERE / "samples").mkdir(exist_ok=True)
    right = model.probabilities(floats(pictures)).argmax(1) == labels
    for digit in range(10):
        picture = pictures[right & (labels == digit)][0]
        (HERE / "samples" / f"{digit}.pgm").write_bytes(b"P5\n28 28\n255\n" + picture.tobytes())
        np.save(HERE / "samples" / f"{digit}.npy", floats(picture[None]))


def write_model(model):
    graph = onnxfile.Graph()
    model.export(graph, "image")
    graph.save(HERE / "digits.onnx", [("image", TensorProto.FLOAT, ["batch", 1, 28, 28])], graph.classify(),
               "Digits 0..9 in 28 x 28 pictures")


def main():
    files = font_files()
    faces = TRAINING + HELD_OUT_HAND + HELD_OUT_PRINT
    if missing := [face for face in faces if face not in files]:
        raise SystemExit(f"fonts not installed: {' '.join(missing)}")
    GLYPHS.update({(f, d): strokes(draw(files[f], str(d))) for f in faces for d in range(10)})
    with Pool(2) as pool:
        jobs = [(seed, TRAINING, 5) for seed in range(24)]
        jobs += [(100, TRAINING, 5), (101, HELD_OUT_HAND, 50), (102, HELD_OUT_PRINT, 50)]
        *parts, same, hand, printed = pool.map(picture_set, jobs, chunksize=1)
    pictures, labels = (np.concatenate(x) for x in zip(*parts))
    rng = np.random.default_rng(1)

    def batch(_):
        rows = rng.integers(len(labels), size=128)
        return floats(pictures[rows]), labels[rows]

    model = network(rng)
    train(model, batch, steps=4000)
    accuracy(model, *same, "training fonts, new pictures")
    accuracy(model, *hand, "held-out fonts, handwriting")
    accuracy(model, *printed, "held-out fonts, print")
    write_model(model)
    held_out = floats(hand[0][:300])
    onnxfile.check(HERE / "digits.onnx", model.probabilities(held_out), 1e-5, image=held_out)
    write_samples(model, *hand)


if __name__ == "__main__":
    main()
