"""Asked by pyodide.mjs of the browser's Python: what its own module cannot tell from outside."""

import json
import sys
from pathlib import Path

import exercise_code

PACKAGE = "snippets"
FOLDER = Path("/book", PACKAGE)
OPENED = set()


def note(event, arguments):
    if event == "open" and (path := Path(str(arguments[0]))).parent == FOLDER / "data":
        OPENED.add(path.name)


sys.addaudithook(note)


def opened():
    """The data files that were opened since this was last asked."""
    print(json.dumps(sorted(OPENED)))
    OPENED.clear()


def answers(stem, id_):
    """The solution and the stub of an exercise."""
    module = exercise_code.read(FOLDER / "exercises" / f"{stem}.py")
    code = next(code for code in module.codes if code.id == id_)
    print(json.dumps([code.solution, code.stub]))


def proof():
    """What would judge a reader wrongly here, of all modules; and which these are."""
    paths = sorted(FOLDER.glob("exercises/[!_]*.py"))
    faults = [
        f"{path.name}:{fault.line}: {fault.code} {fault.filled}"
        for path in paths
        for fault in exercise_code.prove(exercise_code.read(path), PACKAGE)
    ]
    print(json.dumps({"modules": [path.stem for path in paths], "faults": faults}))
