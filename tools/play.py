"""Serves the built book on the loopback address: `make play`."""

import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

HTML = Path(__file__).resolve().parents[1] / "build" / "html"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_): ...


def main(port):
    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), partial(Quiet, directory=HTML))
    except OSError as error:
        sys.exit(f"play: no server on port {port} ({error.strerror}): try make play PORT=8001")
    print(f"http://127.0.0.1:{server.server_port}, until Ctrl-C", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        print()


if __name__ == "__main__":
    main(int(sys.argv[1]))
