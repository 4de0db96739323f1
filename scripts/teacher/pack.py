"""Writes the file of judgements: pack.py FOLDER OUT.bin JUDGED.npy..."""
import struct
import sys

import numpy as np

from encoder import Messages

MAGIC = b"chatmood-judgements-1\n"
BITS = 40  # of the hash


def varint(n):
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    out.append(n)
    return bytes(out)


def main(folder, out, *judged):
    m = Messages(folder)
    p = np.sum([np.load(path) for path in judged], 0)
    rows = {}
    for i in np.flatnonzero(p.sum(1) > 0.5):
        if not m.hidden[i] and m.split[i] != "invented-held":
            p[i] /= p[i].sum()  # the mean of those who judged it
            rows[int(m.hash[i]) >> (64 - BITS)] = np.rint(p[i, 1:] * 255).astype(int)
    with open(out, "wb") as f:
        f.write(MAGIC + struct.pack("<I", len(rows)))
        last = 0
        for key in sorted(rows):
            positive, negative = rows[key]
            f.write(varint(key - last) + bytes((int(positive), int(negative))))
            last = key
    print(f"{len(rows)} judgements")


if __name__ == "__main__":
    main(*sys.argv[1:])
