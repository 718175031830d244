"""What a save costs in the preview: each page of a book saved once, its prose and an example.

`python tools/saves.py [BOOK] [PAGES]`: for each page a standby of BOOK's own tools/live.py is
started; when it waits, a word is added to the page's last paragraph, or a blank to its last
example, and the CPU seconds from there to the end of the build are told, median and 90th
percentile last.  The pages are put back as they were.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
KINDS = {"prose": lambda text: text + "\nA word.\n", "example": lambda text: more(text)}


def more(text):
    """The page with another statement in its last example that prints nothing."""
    before, mark, after = text.rpartition("\n```{doctest}\n")
    return before + mark + ">>> saved = True\n" + after if mark else None


def spent(pid):
    """CPU seconds of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS, fields[0]


def wait_until_idle(pid):
    before = -1.0
    while True:
        now, state = spent(pid)
        if now == before and state == "S" and now > 0.5:
            return now
        before = now
        time.sleep(1)


def build(root, saved, edit=lambda: None):
    folders = ["-c", root, "-d", root / "build/doctrees-live", root / "docs", root / "build/live"]
    command = [root / ".venv/bin/python", "-BP", root / "tools/live.py", "--stand-by", "0", "-q"]
    command += ["-A", "preview=1", *folders]
    child = subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, start_new_session=True)
    before = wait_until_idle(child.pid)
    edit()
    child.stdin.write(f"{json.dumps([str(path) for path in saved])}\n".encode())
    child.stdin.close()
    _, _, usage = os.wait4(child.pid, 0)
    return usage.ru_utime + usage.ru_stime - before


def main(root, pages):
    files = sorted(root.joinpath("docs").rglob("[!_]*.md"))
    chosen = [file for file in files if not pages or file.stem in pages]
    build(root, [])
    times = {kind: [] for kind in KINDS}
    for file in chosen:
        text = file.read_text("utf-8")
        for kind, change in KINDS.items():
            if (changed := change(text)) is None:
                continue
            try:
                times[kind].append(build(root, [file], partial(file.write_text, changed)))
            finally:
                file.write_text(text)
            print(f"{file.stem:25}{kind:10}{times[kind][-1]:6.2f} s", flush=True)
            build(root, [file])
    for kind, found in times.items():
        if len(found) > 1:
            median, last = statistics.median(found), statistics.quantiles(found, n=10)[-1]
            print(f"{kind}: median {median:.2f} s, 90th percentile {last:.2f} s")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve(), sys.argv[2:])
