"""Write topic.onnx, language.onnx and sentence.onnx: classifiers over the encoder's vectors.

Nothing is trained. A class is the mean vector of a few example sentences; a head
compares a vector with each class and gives the softmax of the scaled dot products.
"""
import numpy as np
from make import HERE, WIDTH, encode, onnxfile, weights
from onnx import TensorProto
from tokenizer import tokenize

SHARPNESS = 12

HEADS = {
    "topic": {
        "computers": ["run a neural network in the browser", "the program crashed and the computer was slow",
                      "install the software and restart your browser"],
        "travel": ["our train to the mountains leaves in the morning", "the flight to the airport was late again",
                   "we travel by boat and train along the coast"],
        "garden": ["she planted tomatoes and beans in the garden", "water the flowers and the roses behind the house",
                   "the old trees in the garden carry apples"],
    },
    "language": {
        "English": ["the house and the garden are old", "where is the station and when does it leave", "this is what they have"],
        "German": ["das Haus und der Garten sind alt", "wo ist der Bahnhof und wann geht der Zug", "das ist was sie haben"],
        "French": ["la maison et le jardin sont vieux", "où est la gare et quand part le train", "c'est ce que nous avons"],
    },
    "sentence": {
        "question": ["how do I do that", "where is the station and when does it open", "why was it so late", "what is this"],
        "statement": ["the museum is closed on Mondays", "she planted tomatoes behind the house", "they had gone home early"],
    },
}


def vectors(w, sentences):
    return encode(w, np.array([tokenize(sentence) for sentence in sentences]))


def main():
    w = weights()
    samples = vectors(w, (HERE / "sentences.txt").read_text().splitlines())
    for name, classes in HEADS.items():
        means = np.array([vectors(w, sentences).mean(0) for sentences in classes.values()])
        means -= means.mean(0)
        matrix = (SHARPNESS * means / np.linalg.norm(means, axis=1, keepdims=True)).T.astype(np.float32)
        graph = onnxfile.Graph()
        scores = graph.node("MatMul", "pooled", graph.constant(matrix))
        graph.node("Softmax", scores, output="probabilities", axis=-1)
        path = HERE / f"{name}.onnx"
        graph.save(path, [("pooled", TensorProto.FLOAT, ["batch", WIDTH])],
                   [("probabilities", TensorProto.FLOAT, ["batch", len(classes)])], f"{name}: {', '.join(classes)}")
        reference = onnxfile.softmax(samples @ matrix, axis=-1)
        onnxfile.check(path, reference, 1e-6, pooled=samples)
        print(reference.round(2))


if __name__ == "__main__":
    main()
