"""Serves MongoDB's protocol on a free port of loopback from the folder that is named, and prints its address.

Ends when its input does. Who starts it removes the folder: a killed process cannot.
"""

import sys

from secantus import SecantusDBServer

with SecantusDBServer(storage_path=sys.argv[1]) as server:
    print(server.uri, flush=True)
    sys.stdin.read()
