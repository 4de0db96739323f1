"""Serves MongoDB's protocol on a free port of loopback and prints its address; ends when its input does."""

import sys
import tempfile

from secantus import SecantusDBServer

with tempfile.TemporaryDirectory(prefix="chatmood-mongo-") as folder:
    with SecantusDBServer(storage_path=folder) as server:
        print(server.uri, flush=True)
        sys.stdin.read()
