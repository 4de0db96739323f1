"""Judges the unlabelled chat: judge.py FOLDER OUT.npy TEACHER.pt"""
import sys

import numpy as np
import torch

from encoder import Encoder, Judge, Messages
from finetune import judge

PER_CHANNEL = 40_000  # the first, as the lessons of the model are


def main(folder, out, path):
    m = Messages(folder)
    seen, ids = {}, []
    for i in np.flatnonzero(~m.hidden):
        c = m.channel[i]
        seen[c] = seen.get(c, 0) + (m.split[i] == "-")
        if seen[c] <= PER_CHANNEL or m.split[i] != "-":
            ids.append(i)
    ids = np.array(ids)
    state = torch.load(path)
    encoder, head = Encoder(m.size, 0), Judge()
    encoder.load_state_dict(state["encoder"])
    head.load_state_dict(state["judge"])
    p = np.zeros((len(m.length), 3), np.float32)
    p[ids] = judge(encoder, head, m, ids, 6000)
    np.save(out, p)
    print(f"{len(ids)} messages judged")


if __name__ == "__main__":
    main(*sys.argv[1:])
