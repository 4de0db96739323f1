"""Lets the encoder read chat: masked words are guessed. adapt.py FOLDER ENCODER.onnx OUT.pt STEPS"""
import sys

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

from encoder import MASK, WIDTH, Encoder, Messages, load_added

PER_CHANNEL = 40_000
PIECES = 3000  # of a batch


class Guess(nn.Module):
    def __init__(self, share):
        super().__init__()
        self.d, self.ln = nn.Linear(WIDTH, WIDTH), nn.LayerNorm(WIDTH)
        self.b, self.scale = nn.Parameter(torch.log(share)), nn.Parameter(torch.tensor(0.3))
        nn.init.eye_(self.d.weight)
        nn.init.zeros_(self.d.bias)

    def forward(self, h, words):
        return (self.ln(h + F.gelu(self.d(h))) * self.scale) @ words.T + self.b


def main(folder, onnx, out, steps):
    steps = int(steps)
    torch.manual_seed(1)
    rng = np.random.default_rng(1)
    m = Messages(folder)
    encoder = Encoder.from_onnx(onnx, m, load_added(folder))
    seen, keep = {}, []
    for i in rng.permutation(np.flatnonzero(((m.split == "-") | (m.split == "train")) & ~m.hidden & (m.length >= 3))):
        c = m.channel[i]
        seen[c] = seen.get(c, 0) + 1
        if seen[c] <= PER_CHANNEL:
            keep.append(i)
    count = np.bincount(np.concatenate([m.pieces[m.offset[i] : m.offset[i + 1]] for i in keep]), minlength=m.size)
    words = np.flatnonzero(count >= 3)
    number = torch.full((m.size,), -1)
    number[words] = torch.arange(len(words))
    words = torch.from_numpy(words)
    head = Guess(torch.from_numpy(count[words.numpy()] / count.sum()).float())
    plain = [p for n, p in encoder.named_parameters() if n != "lex.weight"]
    optimizer = torch.optim.AdamW(
        [{"params": plain, "lr": 2e-4}, {"params": [*head.parameters(), encoder.lex.weight], "lr": 1e-3}],
        weight_decay=0.01, betas=(0.9, 0.98), fused=True,
    )
    rates = [g["lr"] for g in optimizer.param_groups]
    step = 0
    while step < steps:
        for ids in m.batches(keep, PIECES, rng):
            if step >= steps:
                break
            for g, rate in zip(optimizer.param_groups, rates):
                g["lr"] = rate * min(1, step / 60) * max(0.02, 1 - step / steps)
            x, findings, _ = m.batch(ids)
            chosen = (torch.rand(x.shape) < 0.2) & (x > MASK) & (number[x] >= 0)
            truth = number[x[chosen]]
            hide = torch.rand(x.shape)
            x = x.masked_fill(chosen & (hide < 0.85), MASK)
            other = chosen & (hide >= 0.85) & (hide < 0.93)
            x[other] = words[torch.randint(len(words), (int(other.sum()),))]
            findings[chosen] = 0
            with torch.autocast("cpu", torch.bfloat16):
                h, _ = encoder(x, findings)
                z = head(h[chosen], encoder.emb(words))
            loss = F.cross_entropy(z.float(), truth)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(encoder.parameters(), 1.0)
            optimizer.step()
            step += 1
            if step % 50 == 0:
                print(f"step {step} loss {loss.item():.3f}", flush=True)
    torch.save(encoder.state_dict(), out)


if __name__ == "__main__":
    main(*sys.argv[1:])
