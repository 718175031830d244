"""Trains the models that the pages use, on two cores in minutes.

    python tools/train.py            everything, in the order of the book
    python tools/train.py tiny       one model
    python tools/train.py tiny --steps 50

Each training stops where it is on Ctrl-C and goes on from there when it is called again:
the state of every SAVE_EVERY steps is in build/train/.  The batch of a step depends on the
seed and on the step alone, so an interrupted run ends with the same weights as a whole one.
The weights go to snippets/data/.  Other processors and other versions of NumPy round otherwise,
so a model that is trained anew differs in its last digits, and what the pages print of it with
it.
"""

import argparse
import json
import math
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # small matrices: threads only get in the way
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
from autograd import value_and_grad  # noqa: E402

from snippets.gpt import (  # noqa: E402
    adam,
    corpus,
    encode,
    gpt,
    gpt_loss,
    init_gpt,
    train_bpe,
)
from snippets.layers import cross_entropy  # noqa: E402

STATE = ROOT / "build" / "train"
DATA = ROOT / "snippets" / "data"
SAVE_EVERY = 100
TRAININGS = {}


def training(function):
    """Registers train_NAME(steps) as NAME; the order of definition is that of the book."""
    TRAININGS[function.__name__.removeprefix("train_")] = function
    return function


# -- what all trainings share -------------------------------------------------------------


def schedule(step, steps, peak, warmup=100):
    """The learning rate: a straight rise, then a cosine down to a tenth of the peak."""
    if step < warmup:
        return peak * (step + 1) / warmup
    done = (step - warmup) / max(1, steps - warmup)
    return peak * (0.55 + 0.45 * math.cos(math.pi * min(1.0, done)))


def save(path, arrays):
    """Arrays to an .npz, written whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part.npz")
    np.savez_compressed(part, **arrays)
    part.replace(path)


def export(name, params, **more):
    """The weights that the book ships, in half precision."""
    path = DATA / f"{name}.npz"
    save(path, {k: np.asarray(w, dtype=np.float16) for k, w in params.items()} | more)
    print(f"{name}: {path.relative_to(ROOT)}, {path.stat().st_size / 1000:.0f} kB")


def pack(params, state, history, recipe):
    """The state of a run as arrays by name."""
    arrays = {f"p.{k}": w for k, w in params.items()}
    for moment in "mv":
        arrays |= {f"{moment}.{k}": w for k, w in state[moment].items()}
    return arrays | {"t": state["t"], "history": np.array(history), "recipe": recipe}


def unpack(path, recipe):
    """The state of a run begun with the same recipe, or None."""
    if not path.exists():
        return None
    with np.load(path) as stored:
        if str(stored["recipe"]) != recipe:
            return None
        part = {
            head: {k[2:]: stored[k] for k in stored if k.startswith(f"{head}.")} for head in "pmv"
        }
        state = {"t": int(stored["t"]), "m": part["m"], "v": part["v"]}
        return part["p"], state, stored["history"].tolist()


def fit(name, params, loss, batch, steps, peak, decay=0.1, report=None, **recipe):
    """Trained parameters: loss(params, *batch(rng)) made small with Adam, resumable.

    report(params) -> float is shown every SAVE_EVERY steps; recipe names what else a stored
    run must share with this one to be gone on with.
    """
    recipe = json.dumps({"steps": steps, "peak": peak, "decay": decay} | recipe, sort_keys=True)
    path = STATE / f"{name}.npz"
    params, state, history = unpack(path, recipe) or (params, None, [])
    step = value_and_grad(loss)
    shown, began, first = "", time.monotonic(), state["t"] if state else 0
    for t in range(first, steps):
        value, grads = step(params, *batch(np.random.default_rng([t, 7])))
        norm = math.sqrt(sum(float((g**2).sum()) for g in grads.values()))
        grads = {k: g / max(1.0, norm) for k, g in grads.items()}
        params, state = adam(
            params, grads, state, schedule(t, steps, peak), beta_2=0.99, decay=decay
        )
        history.append(float(value))
        if (t + 1) % SAVE_EVERY == 0 or t + 1 == steps:
            shown = f", held out {report(params):.3f}" if report else ""
            save(path, pack(params, state, history, recipe))
        left = (time.monotonic() - began) / (t + 1 - first) * (steps - t - 1)
        bar = "#" * (20 * (t + 1) // steps)
        mean = np.mean(history[-50:])
        line = f"{name} [{bar:<20}] {t + 1}/{steps}, loss {mean:.3f}{shown}, {left:.0f} s left"
        if sys.stdout.isatty():
            print(f"\r{line:<98}", end="", flush=True)
        elif (t + 1) % SAVE_EVERY == 0:
            print(line, flush=True)
    if sys.stdout.isatty():
        print()
    return params


# -- the models ---------------------------------------------------------------------------


@training
def train_tiny(steps=None):
    """The GPT of entry 7, on all chapters of the corpus but the last."""
    d, h, n_layers, n, size = 64, 4, 2, 64, 16
    learn, held_out = corpus().split("CHAPTER XII", 1)
    merges = train_bpe(learn.encode(), 256)
    tokens, test = (np.array(encode(text, merges)) for text in (learn, held_out))
    windows = test[: len(test) // (n + 1) * (n + 1)].reshape(-1, n + 1)

    def batch(rng):
        starts = rng.integers(len(tokens) - n, size=size)
        drawn = tokens[starts[:, None] + np.arange(n + 1)]
        noise = rng.random((size, n)) < 0.1  # some input is random: less is learned by heart
        read = np.where(noise, rng.integers(256 + len(merges), size=(size, n)), drawn[:, :-1])
        return read, drawn[:, 1:]

    params = fit(
        "tiny",
        init_gpt(np.random.default_rng(0), 256 + len(merges), n, d, h, n_layers),
        lambda params, read, follows: cross_entropy(gpt(params, read, h), follows),
        batch,
        steps or 1600,
        peak=4e-3,
        decay=0.3,
        report=lambda params: float(gpt_loss(params, windows, h)),
        sizes=[d, h, n_layers, n, size],
        noise=0.1,
    )
    export("tiny", params, merges=np.array(merges, dtype=np.uint16), h=np.uint8(h))


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(TRAININGS))
    parser.add_argument("--steps", type=int, help="optimiser steps, instead of each model's own")
    given = parser.parse_args()
    if unknown := sorted(set(given.names) - set(TRAININGS)):
        parser.error(f"no training named {', '.join(unknown)}; there are: {', '.join(TRAININGS)}")
    for name in given.names or TRAININGS:
        TRAININGS[name](given.steps)


if __name__ == "__main__":
    main()
