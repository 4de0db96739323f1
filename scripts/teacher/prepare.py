"""Cuts the readings of the chat into pieces: prepare.py READINGS TOKENIZER.json FOLDER.

READINGS is written by internal/sentiment/cmd/readings, TOKENIZER.json comes with the encoder."""
import collections
import json
import re
import sys

import numpy as np
from tokenizers import Tokenizer

from encoder import LONGEST, RULES

FREQUENT = 25  # a token of so many messages gets a row of its own
EMOTE = 1 << 8  # in the mask of findings


def main(readings, tokenizer, folder):
    pieces_of = Tokenizer.from_file(tokenizer)
    pieces_of.no_padding()
    pieces_of.no_truncation()
    words = pieces_of.get_vocab_size()

    def cut(text):
        text = re.sub(r"(.)\1{2,}", r"\1\1", text).lower()
        return pieces_of.encode(text, add_special_tokens=False).ids

    with open(readings, encoding="utf-8", errors="replace") as f:
        rows = [line.rstrip("\n").split("\t") for line in f]
    count, text, emote = collections.Counter(), {}, set()
    for row in rows:
        if row[2] not in ("-", "train", "reddit") or not row[7]:
            continue
        for token in row[7].split("\x1e"):
            key, spelling, _, _, _, mask = token.split("\x1f")
            count[key] += 1
            text.setdefault(key, spelling)
            if int(mask) & EMOTE:
                emote.add(key)
    added, start = {}, []
    for key, n in count.most_common():
        if n < FREQUENT:
            break
        ids = cut(text[key])
        if len(ids) != 1 or key in emote:
            added[key] = words + len(added)
            start.append(ids)

    known = {}
    pieces, findings, offset = [], [], [0]
    for row in rows:
        n = 0
        for token in row[7].split("\x1e") if row[7] else ():
            key, spelling, times, valence, arousal, mask = token.split("\x1f")
            ids = [added[key]] if key in added else known.get(key)
            if ids is None:
                ids = known[key] = cut(spelling)[:8]
            times = int(times)
            repeat = 1 if times == 1 else 2 if times < 4 or len(ids) > 2 else 3
            take = (ids * repeat)[: LONGEST - n]
            pieces += take
            findings += [(int(valence), int(arousal), int(mask))] * len(take)
            n += len(take)
            if n >= LONGEST:
                break
        offset.append(len(pieces))
    np.savez(
        f"{folder}/messages.npz",
        pieces=np.array(pieces, np.int32),
        findings=np.array(findings, np.int16).reshape(-1, 3),
        offset=np.array(offset, np.int64),
        rules=np.array([[int(v) for v in row[6].split(",")][:RULES] for row in rows], np.int8),
        hash=np.array([int(row[0], 16) for row in rows], np.uint64),
        channel=np.array([row[1] for row in rows]),
        split=np.array([row[2] for row in rows]),
        score=np.array([int(row[3]) for row in rows], np.int8),
        flags=np.array([row[4] for row in rows]),
        second=np.array([99 if row[5] == "-" else int(row[5]) for row in rows], np.int8),
    )
    with open(f"{folder}/added.json", "w", encoding="utf-8") as f:
        json.dump(start, f)
    print(f"{len(rows)} messages, {len(pieces)} pieces, {len(added)} words added")


if __name__ == "__main__":
    main(*sys.argv[1:])
