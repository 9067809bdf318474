"""Run where only wheels are installed: the community's plugin is found, loads, and answers a call.

A program rather than a test, since the environment has neither pytest nor the workspace.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import modelscan
from modelscan import Client


class Parrot(BaseHTTPRequestHandler):
    """The vendor's server: says what it heard, to who has the key."""

    def do_POST(self) -> None:
        heard = json.loads(self.rfile.read(int(self.headers["content-length"])))
        is_known = self.headers["authorization"] == "Bearer a-key"
        said = {"text": heard["messages"][-1]["text"], "finish": "end", "tokens": {"input": 2, "output": 2}}
        body = json.dumps(said if is_known else {"message": "who are you?"}).encode()
        self.send_response(200 if is_known else 401)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class's name
        """Says nothing."""


def main() -> None:
    """Fails with the first thing that isn't so."""
    if "site-packages" not in Path(modelscan.__file__).parts:
        sys.exit(f"this isn't the installed core: {modelscan.__file__}")
    command = [sys.executable, "-m", "modelscan", "plugins", "--kind", "provider", "--json"]
    listed = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    records = {record["name"]: record["state"] for record in listed}
    if records != {"parrot": "loaded"}:
        sys.exit(f"the providers are {records}")
    server = HTTPServer(("127.0.0.1", 0), Parrot)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    with Client(base_urls={"parrot": url}, api_keys={"parrot": "a-key"}, config=False) as client:
        reply = client.chat("Hello there", model="parrot/any")
    server.shutdown()
    if (reply.text, reply.usage.output_tokens) != ("Hello there", 2):
        sys.exit(f"the answer is {reply}")
    sys.stdout.write(f"parrot is listed and says: {reply.text}\n")


if __name__ == "__main__":
    main()
