"""Writes the files of judgements: pack.py FOLDER OUT.bin AUGMENTED.bin JUDGED.npy..."""
import hashlib
import struct
import sys

import numpy as np

from encoder import Messages

MAGIC = b"chatmood-judgements-1\n"
BITS = 40  # of the hash
AUGMENTED = b"chatmood-augmented-1\n"


def varint(n):
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    out.append(n)
    return bytes(out)


def main(folder, out, augmented, *judged):
    m = Messages(folder)
    p = np.sum([np.load(path) for path in judged], 0)
    p /= np.maximum(p.sum(1, keepdims=True), 1e-9)  # the mean of those who judged it
    bytes_of = np.rint(p[:, 1:] * 255).astype(np.uint8)
    made = m.split == "augmented"
    rows = {}
    for i in np.flatnonzero((p.sum(1) > 0.5) & ~m.hidden & ~made & (m.split != "invented-held")):
        rows[int(m.hash[i]) >> (64 - BITS)] = bytes_of[i].tobytes()
    with open(out, "wb") as f:
        f.write(MAGIC + struct.pack("<I", len(rows)))
        last = 0
        for key in sorted(rows):
            f.write(varint(key - last) + rows[key])
            last = key
    if made.any():
        digest = hashlib.sha256(m.hash[made].astype(">u8").tobytes()).digest()[:8]
        with open(augmented, "wb") as f:
            f.write(AUGMENTED + digest + bytes_of[made].tobytes())
    print(f"{len(rows)} judgements, {made.sum()} of augmented texts")


if __name__ == "__main__":
    main(*sys.argv[1:])
