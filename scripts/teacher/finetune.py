"""Teaches the encoder to judge: finetune.py FOLDER ADAPTED.pt LABELS.tsv.gz OUT.pt SEED

LABELS.tsv.gz are the repository's own labels (internal/sentiment/train/labels.tsv.gz)."""
import gzip
import sys

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

from encoder import MASK, Encoder, Judge, Messages

EPOCHS = 1.6
PIECES = 1600  # of a batch
RATE = 1.1e-4
REDDIT = 0.1  # chance that a step also learns from Reddit's comments, falling to 0


def targets(m):
    """Labels as chances: unsure ones, and those that a second labeller disputes, are softer."""
    soft = np.where(["u" in f for f in m.flags], 0.2, 0.06)
    t = np.repeat(soft[:, None] / 3, 3, 1)
    rows = np.arange(len(t))
    t[rows, m.label] += 1 - soft
    twice = np.flatnonzero(m.second != 99)
    second = np.where(m.second > 0, 1, np.where(m.second < 0, 2, 0))
    t[twice, m.label[twice]] -= 0.4 * (1 - soft[twice])
    t[twice, second[twice]] += 0.4 * (1 - soft[twice])
    return t.astype(np.float32)


def add_labels(m, path):
    """Takes the repository's own labels into m and returns which messages they are of."""
    at = {int(h): i for i, h in enumerate(m.hash) if m.split[i] == "-" and not m.hidden[i]}
    own = []
    with gzip.open(path, "rt", encoding="utf-8") as f:
        for line in f:
            if line.startswith("#"):
                continue
            key, score, flags = line.rstrip("\n").split("\t")
            i = at.get(int(key, 16))
            if i is not None:
                m.score[i], m.flags[i] = int(score), flags
                m.label[i] = 1 if int(score) > 0 else 2 if int(score) < 0 else 0
                own.append(i)
    return np.array(sorted(own), np.int64)


@torch.no_grad()
def judge(encoder, head, m, ids, pieces=4000):
    encoder.eval()
    head.eval()
    p = np.zeros((len(m.length), 3), np.float32)
    with torch.autocast("cpu", torch.bfloat16):
        for b in m.batches(ids, pieces):
            x, findings, rules = m.batch(b)
            h, live = encoder(x, findings)
            p[b] = torch.softmax(head(h, live, rules).float(), -1).numpy()
    return p[ids]


def macro_f1(p, truth):
    guess = p.argmax(1)
    return float(np.mean([2 * ((guess == k) & (truth == k)).sum() / ((guess == k).sum() + (truth == k).sum()) for k in range(3)]))


def main(folder, adapted, labels, out, seed):
    torch.manual_seed(int(seed))
    rng = np.random.default_rng(int(seed))
    m = Messages(folder)
    own = add_labels(m, labels)
    m.flags = m.flags.astype(object)
    train = np.concatenate([np.flatnonzero((m.split == "train") | (m.split == "invented")), own])
    dev, reddit = np.flatnonzero(m.split == "dev"), np.flatnonzero(m.split == "reddit")
    target = torch.from_numpy(targets(m))
    label = torch.from_numpy(m.label)
    encoder, head = Encoder.from_state(torch.load(adapted)), Judge()
    groups = [{"params": list(head.parameters()), "lr": RATE * 8}]
    for name, p in encoder.named_parameters():
        depth = int(name.split(".")[1]) + 1 if name.startswith("layers") else 0
        factor = 1.0 if name.startswith("emb.") else 5.0 if name.startswith("lex") else 0.85 ** (len(encoder.layers) - depth)
        groups.append({"params": [p], "lr": RATE * factor})
    optimizer = torch.optim.AdamW(groups, weight_decay=0.01, betas=(0.9, 0.98), fused=True)
    rates = [g["lr"] for g in optimizer.param_groups]
    everything = [*encoder.parameters(), *head.parameters()]

    def endless():
        while True:
            yield from m.batches(reddit, PIECES, rng)

    comments, step, total = endless(), 0, int(len(m.batches(train, PIECES, rng)) * EPOCHS)
    print(f"{len(train)} labels, {len(own)} of them our own; {total} steps", flush=True)
    while step < total:
        encoder.train()
        head.train()
        for ids in m.batches(train, PIECES, rng):
            if step >= total:
                break
            done = step / total
            for g, rate in zip(optimizer.param_groups, rates):
                g["lr"] = rate * min(1, done / 0.06) * max(0.02, 1 - done)
            x, findings, rules = m.batch(ids)
            drop = (torch.rand(x.shape) < 0.08) & (x > MASK)
            x, findings = x.masked_fill(drop, MASK), findings * ~drop[:, :, None]
            if rng.random() < 0.15:
                rules = rules * 0
            with torch.autocast("cpu", torch.bfloat16):
                h, live = encoder(x, findings)
                z = head(h, live, rules)
            loss = -(target[ids] * F.log_softmax(z.float(), -1)).sum(-1).mean()
            if rng.random() < REDDIT * (1 - done):
                ids = next(comments)
                x, findings, _ = m.batch(ids)
                with torch.autocast("cpu", torch.bfloat16):
                    h, live = encoder(x, findings)
                    z = head.reddit(h, live)
                loss = loss + F.cross_entropy(z.float(), label[ids])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(everything, 1.0)
            optimizer.step()
            step += 1
            if step % 100 == 0:
                print(f"step {step} loss {loss.item():.3f}", flush=True)
        p = judge(encoder, head, m, dev)
        print(f"step {step}: dev macro-F1 {macro_f1(p, m.label[dev]):.4f}, accuracy {(p.argmax(1) == m.label[dev]).mean():.4f}", flush=True)
    torch.save({"encoder": encoder.state_dict(), "judge": head.state_dict()}, out)
    np.save(out + ".dev.npy", p)


if __name__ == "__main__":
    main(*sys.argv[1:])
