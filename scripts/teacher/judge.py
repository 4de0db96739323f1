"""Judges the unlabelled chat: judge.py FOLDER OUT.npy TEACHER.pt"""
import sys

import numpy as np
import torch

from encoder import Encoder, Judge, Messages
from finetune import judge


def main(folder, out, path):
    m = Messages(folder)
    ids = np.flatnonzero(~m.hidden)
    state = torch.load(path)
    encoder, head = Encoder.from_state(state["encoder"], 0), Judge()
    head.load_state_dict(state["judge"])
    p = np.zeros((len(m.length), 3), np.float32)
    p[ids] = judge(encoder, head, m, ids, 6000)
    np.save(out, p)
    print(f"{len(ids)} messages judged")


if __name__ == "__main__":
    main(*sys.argv[1:])
