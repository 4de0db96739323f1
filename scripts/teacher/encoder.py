"""The encoder of the teacher and the messages as it reads them."""
import json
import math

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

WIDTH, HEADS, INNER = 384, 12, 1536
FINDINGS = 13  # of the lexicon about a token
RULES = 40  # findings of the rules about a message
LONGEST = 40  # pieces of a message
PAD, BEGIN, END, MASK = 0, 1, 2, 3


class Messages:
    """What prepare.py wrote: all messages, cut into pieces."""

    def __init__(self, folder):
        data = np.load(f"{folder}/messages.npz")
        self.hash, self.channel, self.split = data["hash"], data["channel"], data["split"]
        self.score, self.flags, self.second = data["score"], data["flags"], data["second"]
        self.offset = data["offset"]
        self.length = np.minimum(np.diff(self.offset), LONGEST)
        self.rules = data["rules"].astype(np.float32) / 100
        self.used = np.unique(data["pieces"])  # only rows that occur are kept
        renumber = np.full(int(self.used[-1]) + 1, -1, np.int32)
        renumber[self.used] = np.arange(len(self.used)) + 4
        self.pieces = renumber[data["pieces"]]
        self.size = len(self.used) + 4
        raw = data["findings"]
        f = np.zeros((len(raw), FINDINGS), np.float32)
        f[:, 0] = np.maximum(raw[:, 0], 0) / 100
        f[:, 1] = np.maximum(-raw[:, 0], 0) / 100
        f[:, 2] = raw[:, 1] / 100
        for k in range(FINDINGS - 3):
            f[:, 3 + k] = raw[:, 2] >> k & 1
        self.findings = f
        self.label = np.where(self.score > 0, 1, np.where(self.score < 0, 2, 0))
        # Channels of the development and test splits stay unseen altogether.
        self.hidden = np.isin(self.channel, np.unique(self.channel[(self.split == "dev") | (self.split == "test")]))

    def batch(self, ids):
        n = self.length[ids]
        width = int(n.max()) + 2
        at = np.arange(width)[None, :] - 1
        inside = (at >= 0) & (at < n[:, None])
        source = (self.offset[ids][:, None] + at)[inside]
        x = np.zeros((len(ids), width), np.int64)
        x[inside] = self.pieces[source]
        x[:, 0] = BEGIN
        x[np.arange(len(ids)), n + 1] = END
        f = np.zeros((len(ids), width, FINDINGS), np.float32)
        f[inside] = self.findings[source]
        return torch.from_numpy(x), torch.from_numpy(f), torch.from_numpy(self.rules[ids])

    def batches(self, ids, pieces, rng=None):
        """Batches of messages of about the same length, at most so many pieces each."""
        ids = np.asarray(ids)
        key = self.length[ids].astype(np.float64)
        if rng is not None:
            ids = rng.permutation(ids)
            key = self.length[ids] + rng.random(len(ids)) * 0.9
        ids = ids[np.argsort(key, kind="stable")]
        out, i = [], 0
        while i < len(ids):
            j = i + 1
            while j < len(ids) and (j - i + 1) * (self.length[ids[j]] + 2) <= pieces:
                j += 1
            out.append(ids[i:j])
            i = j
        if rng is not None:
            rng.shuffle(out)
        return out


class Layer(nn.Module):
    def __init__(self, drop):
        super().__init__()
        self.drop = drop
        self.qkv, self.o = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.i, self.j = nn.Linear(WIDTH, INNER), nn.Linear(INNER, WIDTH)
        self.ln1, self.ln2 = nn.LayerNorm(WIDTH, eps=1e-12), nn.LayerNorm(WIDTH, eps=1e-12)
        self.dr = nn.Dropout(drop)

    def forward(self, x, mask):
        n, t, d = x.shape
        q, k, v = self.qkv(x).view(n, t, 3, HEADS, d // HEADS).permute(2, 0, 3, 1, 4)
        a = (q @ k.transpose(-1, -2)) * (1 / math.sqrt(d // HEADS)) + mask
        a = F.dropout(torch.softmax(a.float(), -1), self.drop, self.training).to(v.dtype)
        a = (a @ v).transpose(1, 2).reshape(n, t, d)
        x = self.ln1(x + self.dr(self.o(a)))
        return self.ln2(x + self.dr(self.j(F.gelu(self.i(x)))))


class Encoder(nn.Module):
    """A small BERT, which also reads what the lexicon knows about each piece."""

    def __init__(self, size, layers, drop=0.1):
        super().__init__()
        self.emb, self.pos = nn.Embedding(size, WIDTH, padding_idx=PAD), nn.Embedding(64, WIDTH)
        self.lex = nn.Linear(FINDINGS, WIDTH, bias=False)
        self.ln, self.dr = nn.LayerNorm(WIDTH, eps=1e-12), nn.Dropout(drop)
        self.layers = nn.ModuleList(Layer(drop) for _ in range(layers))
        nn.init.zeros_(self.lex.weight)

    def forward(self, x, findings):
        live = x != PAD
        mask = torch.zeros(x.shape).masked_fill(~live, -1e4)[:, None, None, :]
        h = self.dr(self.ln(self.emb(x) + self.pos.weight[: x.shape[1]][None] + self.lex(findings)))
        for layer in self.layers:
            h = layer(h, mask)
        return h, live

    @classmethod
    def from_state(cls, state, drop=0.1):
        """The encoder that has such weights."""
        layers = 1 + max(int(name.split(".")[1]) for name in state if name.startswith("layers."))
        encoder = cls(len(state["emb.weight"]), layers, drop)
        encoder.load_state_dict(state)
        return encoder

    @classmethod
    @torch.no_grad()
    def from_onnx(cls, path, messages, added):
        """Takes the weights of a sentence encoder from its ONNX file."""
        import onnx
        from onnx import numpy_helper

        w = {t.name: torch.from_numpy(numpy_helper.to_array(t).copy()) for t in onnx.load(path).graph.initializer}
        products = sorted((k for k in w if k.startswith("onnx::MatMul")), key=lambda k: int(k.split("_")[1]))
        self = cls(messages.size, len(products) // 6)
        words = w["embeddings.word_embeddings.weight"]
        extra = torch.stack([words[ids].mean(0) if ids else words[100] for ids in added])  # a new word starts as its pieces
        self.emb.weight[BEGIN], self.emb.weight[END], self.emb.weight[MASK] = words[101], words[102], words[103]
        self.emb.weight[4:] = torch.cat([words, extra])[torch.from_numpy(messages.used.astype(np.int64))]
        self.pos.weight.copy_((w["embeddings.position_embeddings.weight"] + w["embeddings.token_type_embeddings.weight"][0])[:64])
        self.ln.weight.copy_(w["embeddings.LayerNorm.weight"])
        self.ln.bias.copy_(w["embeddings.LayerNorm.bias"])
        for i, layer in enumerate(self.layers):
            q, k, v, o, a, b = (w[n] for n in products[6 * i : 6 * i + 6])

            def part(name, i=i):
                return w[f"encoder.layer.{i}.{name}"]

            layer.qkv.weight.copy_(torch.cat([q.T, k.T, v.T]))
            layer.qkv.bias.copy_(torch.cat([part(f"attention.self.{n}.bias") for n in ("query", "key", "value")]))
            for mine, weight, bias in (
                (layer.o, o.T, "attention.output.dense.bias"),
                (layer.i, a.T, "intermediate.dense.bias"),
                (layer.j, b.T, "output.dense.bias"),
                (layer.ln1, part("attention.output.LayerNorm.weight"), "attention.output.LayerNorm.bias"),
                (layer.ln2, part("output.LayerNorm.weight"), "output.LayerNorm.bias"),
            ):
                mine.weight.copy_(weight)
                mine.bias.copy_(part(bias))
        return self


class Judge(nn.Module):
    """The layers above the encoder: three classes, and three for Reddit's comments."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(3 * WIDTH + RULES, 256), nn.Linear(256, 3)
        self.r, self.g, self.d = nn.Linear(RULES, 3), nn.Linear(2 * WIDTH, 3), nn.Dropout(0.2)

    @staticmethod
    def pools(h, live):
        m = live[:, :, None].to(h.dtype)
        return h[:, 0], (h * m).sum(1) / m.sum(1), h.masked_fill(~live[:, :, None], -1e4).max(1).values

    def forward(self, h, live, rules):
        rules = rules.to(h.dtype)
        x = torch.cat([*self.pools(h, live), rules], -1)
        return self.b(self.d(torch.tanh(self.a(self.d(x))))) + self.r(rules)

    def reddit(self, h, live):
        first, mean, _ = self.pools(h, live)
        return self.g(self.d(torch.cat([first, mean], -1)))


def load_added(folder):
    with open(f"{folder}/added.json", encoding="utf-8") as f:
        return json.load(f)
