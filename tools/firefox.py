"""Firefox, by its own remote protocol: WebDriver BiDi, over a socket, without a driver between.

What tests/editions ask of it is little: visit, evaluate, type, and tell what was fetched.
"""

import json
import re
import shutil
import subprocess
import tempfile
import time
from contextlib import contextmanager

from websockets.sync.client import connect

FIREFOX = shutil.which("firefox-esr") or shutil.which("firefox")
KEYS = {
    "Shift": "\ue008",
    "Control": "\ue009",
    "Enter": "\ue007",
    "Tab": "\ue004",
    "Escape": "\ue00c",
}


class Firefox:
    """A browser with one tab."""

    def __init__(self, socket):
        self.socket, self.calls, self.asked = socket, 0, []
        self.ask("session.new", capabilities={})
        self.ask("session.subscribe", events=["network.beforeRequestSent"])
        [tab] = self.ask("browsingContext.getTree")["contexts"]
        self.tab = tab["context"]

    def ask(self, method, **params):
        self.calls += 1
        self.socket.send(json.dumps({"id": self.calls, "method": method, "params": params}))
        while (answer := json.loads(self.socket.recv(timeout=180))).get("id") != self.calls:
            if answer.get("method") == "network.beforeRequestSent":
                self.asked.append(answer["params"]["request"]["url"])
        if answer["type"] == "error":
            raise RuntimeError(f"{method}: {answer['error']}: {answer['message']}")
        return answer["result"]

    def goto(self, url, width=1280):
        self.ask(
            "browsingContext.setViewport",
            context=self.tab,
            viewport={"width": width, "height": 900},
        )
        self.ask("browsingContext.navigate", context=self.tab, url=url, wait="complete")

    def evaluate(self, expression):
        """The value of an expression of JavaScript, as JSON has it."""
        answer = self.ask(
            "script.evaluate", expression=f"JSON.stringify(({expression}) ?? null)",
            target={"context": self.tab}, awaitPromise=True,
        )  # fmt: skip
        if answer["type"] == "exception":
            raise RuntimeError(answer["exceptionDetails"]["text"])
        return json.loads(answer["result"]["value"])

    def until(self, expression, seconds=180):
        """The value of an expression, once it is true."""
        end = time.monotonic() + seconds
        while not (found := self.evaluate(expression)):
            if time.monotonic() > end:
                raise TimeoutError(expression)
            time.sleep(0.05)
        return found

    def press(self, *keys):
        """Keys that are held together, or letters one after another."""
        codes = [KEYS.get(key, key) for key in keys]
        down, up = (
            [{"type": kind, "value": code} for code in codes] for kind in ("keyDown", "keyUp")
        )
        self.act(down + up[::-1])

    def type(self, text):
        kinds = ("keyDown", "keyUp")
        self.act([{"type": kind, "value": code} for code in text for kind in kinds])

    def act(self, actions):
        keyboard = {"type": "key", "id": "keyboard", "actions": actions}
        self.ask("input.performActions", context=self.tab, actions=[keyboard])


@contextmanager
def firefox():
    """A browser with a profile of its own, which ends with it."""
    if not FIREFOX:
        raise SystemExit("no Firefox here: on Debian, apt-get install firefox-esr")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [FIREFOX, "--headless", "--no-remote", "--profile", profile]
        command += ["--remote-debugging-port", "0"]
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        try:
            told = (re.search(r"BiDi listening on (\S+)", line) for line in process.stderr)
            address = next(found[1] for found in told if found)
            with connect(f"{address}/session", proxy=None, max_size=None) as socket:
                yield Firefox(socket)
        finally:
            process.terminate()
            process.wait(60)
