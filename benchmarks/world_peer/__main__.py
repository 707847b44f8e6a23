"""`python -m world_peer --documents 200 --corpus pages`, from benchmarks/: serve the peer until it is interrupted."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from world_peer.server import Peer, all_players, serving, world_pages, write_pages

parser = argparse.ArgumentParser(prog="python -m world_peer", description="Play every role over the fictional world.")
parser.add_argument("--port", type=int, default=8000)
parser.add_argument("--seed", type=int, default=0, help="of the world, and of the errors")
parser.add_argument("--documents", type=int, default=200, help="pages of the world that the peer knows")
parser.add_argument("--corpus", type=Path, help="write the pages there as files first")
parser.add_argument("--errors", type=float, default=0.0, help="share of the answers that are wrong")
parser.add_argument("--delay", type=float, default=0.0, help="seconds an answer")
chosen = parser.parse_args()
truth = world_pages(chosen.seed, chosen.documents)
if chosen.corpus is not None:
    write_pages(truth, chosen.corpus)
with serving(Peer(truth, all_players(), chosen.errors, chosen.seed, chosen.delay), chosen.port) as address:
    print(f"the world's peer at {address}", flush=True)
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        pass
