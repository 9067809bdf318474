"""ModelScan beside raw httpx and raw aiohttp in one interleaved run of the peers benchmark, where that is at hand.

The benchmark stands beside the workspace (`../shared/bench/peers.py`) and is no part of it. More clients, with the
interpreters that have them: `beside_peers.py raw_httpx,modelscan,openai --python openai=PATH`.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
PEERS = HERE.parents[2] / "shared" / "bench" / "peers.py"
CLIENTS = "raw_httpx,transport_httpx,modelscan,raw_aiohttp,transport_aiohttp,modelscan_aiohttp"


def main(clients: str = CLIENTS, *options: str) -> int:
    if not PEERS.exists():
        sys.stdout.write(f"left out: {PEERS} isn't there\n")
        return 0
    extra = ["--extra", str(HERE / "peers_modelscan.py")]
    for mode in ("each", "burst"):
        sys.stdout.write(f"\n## Events {mode}\n")
        run = ["run", "--clients", clients, "--mode", mode, "--phases", "seq,conc,stream,embed", "--table", *options]
        done = subprocess.run(
            [sys.executable, str(PEERS), *extra, *run, "--out", "/dev/null"],
            text=True,
            capture_output=True,
            check=False,
        )
        rows = [line for line in done.stderr.splitlines() if line.startswith(("|", "**"))]
        sys.stdout.write("\n".join(rows or [done.stderr]) + "\n")
        if done.returncode:
            return done.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
