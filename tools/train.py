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


@training
def train_lora(steps=None):
    """Entry 12: the attention of the tiny GPT learns capitals, by LoRA and by full updates."""
    from snippets.gpt import load_tiny
    from snippets.lora import init_lora, merge_lora

    tiny, merges, h = load_tiny()
    n, size, alpha = len(tiny["pos_emb"]), 8, 8.0
    tokens = np.array(encode(corpus().split("CHAPTER XII", 1)[0].upper(), merges))
    names = [name for name in tiny if name.rpartition(".")[2] in ("w_q", "w_k", "w_v", "w_o")]

    def batch(rng):
        starts = rng.integers(len(tokens) - n - 1, size=size)
        return (tokens[starts[:, None] + np.arange(n + 1)],)

    common = {"steps": steps or 400, "decay": 0.0, "sizes": [n, size, alpha]}
    full = fit(
        "lora-full",
        {name: tiny[name] for name in names},
        lambda new, text: gpt_loss(tiny | {name: new[name] for name in names}, text, h),
        batch,
        peak=3e-3,
        **common,
    )
    arrays = {f"full:{name}": full[name] - tiny[name] for name in names}
    for r in (1, 2, 4, 8):
        adapters = fit(
            f"lora-{r}",
            init_lora(np.random.default_rng(r), tiny, names, r),
            lambda new, text: gpt_loss(merge_lora(tiny, new, alpha), text, h),
            batch,
            peak=1e-2,
            **common,
        )
        arrays |= {f"{r}:{name}": w for name, w in adapters.items()}
    export("lora", arrays, alpha=np.float64(alpha))


@training
def train_rlhf(steps=None):
    """Entries 17 and RLHF: the tiny model fine-tuned, judged and improved by PPO.

    Each stage starts from what is stored of the one before, in half precision, so that the
    pages can run the first iteration of PPO again.  PPO, a minute or two, is not resumed.
    """
    from snippets.gpt import generate, load_tiny
    from snippets.instructgpt import (
        ANSWER,
        PROMPT,
        demonstrate,
        last_layer,
        preferences,
        prompts,
        reward,
        reward_loss,
        sft_loss,
    )
    from snippets.rlhf import ppo_iteration, rollout, summary, value_step

    tiny, merges, h = load_tiny()
    n, asked = PROMPT, prompts(merges, held_out=False)

    def half(params):
        return {k: np.float16(w).astype(np.float64) for k, w in params.items()}

    def shown(rng):
        return (demonstrate(asked[rng.integers(len(asked), size=32)], 0.4, rng),)

    sft = fit(
        "rlhf_sft",
        tiny,
        lambda params, tokens: sft_loss(params, tokens, n, h),
        shown,
        steps or 600,
        peak=2e-3,
        decay=0.0,
    )
    sft = half(sft)
    rng, k = np.random.default_rng(17), 4
    answers = generate(sft, np.repeat(asked, 12 * k, axis=0), ANSWER, h, rng)
    rankings = answers.reshape(-1, k, n + ANSWER)

    def ranked(rng):
        tokens = rankings[rng.integers(len(rankings), size=16)].reshape(-1, n + ANSWER)
        return tokens, *preferences(tokens, k)

    def judged(part, tokens, better, worse):
        r = reward({**sft, **part}, tokens, h)
        return reward_loss(r[better], r[worse])

    judge = last_layer(sft) | {"w_r": np.zeros(sft["tok_emb"].shape[1]), "b_r": np.zeros(())}
    judge = fit("rlhf_reward", judge, judged, ranked, steps or 400, peak=2e-3, decay=0.0)
    shown_to = np.concatenate([shown(np.random.default_rng([t, 17]))[0] for t in range(16)])
    judge["b_r"] = judge["b_r"] + reward({**sft, **judge}, shown_to, h).mean()
    judge = half(judge)
    judge = {**sft, **judge}
    asked = np.repeat(asked, 2, axis=0)

    def improve(beta, iterations, lr):
        part, state, history = last_layer(sft), None, []
        valued = judge | {"w_v": judge["w_r"], "b_v": judge["b_r"]}
        for t in range(iterations):
            given = {**sft, **part}, sft, valued, asked, ANSWER, h, beta
            batch = rollout(*given, np.random.default_rng([t, 8]))
            history.append(summary(batch))
            part, state = ppo_iteration(part, sft, batch, state, lr, h)
            valued = value_step(valued, batch, 0.01)
            now = ", ".join(f"{x:.2f}" for x in history[-1])
            print(f"rlhf_ppo, beta {beta}: {t + 1}/{iterations}: {now}", flush=True)
        return part, history, batch["tokens"]

    part, history, _ = improve(1.0, steps or 80, 1e-3)
    _, loose, hacked = improve(0.02, steps or 80, 1e-3)
    judge = {k: judge[k] for k in (*last_layer(sft), "w_r", "b_r")}
    stages = {"sft": sft, "reward": judge, "ppo": part}
    export(
        "rlhf",
        {f"{name}.{key}": w for name, params in stages.items() for key, w in params.items()},
        merges=np.array(merges, dtype=np.uint16),
        h=np.uint8(h),
        history=np.array(history, dtype=np.float32),
        loose=np.array(loose, dtype=np.float32),
        hacked=hacked.astype(np.uint16),
    )


@training
def train_cramming(steps=None):
    """Entry 11: GPTs of five widths under one budget of operations, and on one count of tokens.

    Resumable from run to run: what is done of a run that is interrupted is done again.
    """
    from snippets.cramming import (
        BUDGET,
        LAYERS,
        SIZE,
        WIDTHS,
        N,
        V,
        affordable,
        cram,
        flops_per_token,
        texts,
    )

    learn, test = texts()
    cost = {d: flops_per_token(V, N, d, LAYERS) for d in WIDTHS}
    runs = [("flops", d, steps or affordable(BUDGET, cost[d], SIZE * N)) for d in WIDTHS]
    runs += [("tokens", d, runs[-2][2]) for d in WIDTHS if d != runs[-2][1]]
    lines = ["fixed,width,step,tokens,flops,train,held_out"]
    for fixed, d, total in runs:
        path = STATE / f"cramming-{fixed}-{d}-{total}.csv"
        if not path.exists():
            began, marks = time.monotonic(), {1, 2, 3, 4, total}
            marks |= {round(total ** (i / 24)) for i in range(10, 25)}
            rows = []
            for step, (params, loss) in enumerate(cram(d, total, learn), 1):
                if step in marks:
                    held_out = float(gpt_loss(params, test, max(1, d // 16)))
                    seen = step * SIZE * N
                    row = fixed, d, step, seen, seen * cost[d], f"{loss:.4f},{held_out:.4f}"
                    rows.append(",".join(map(str, row)))
                    spent = f"{time.monotonic() - began:.0f} s"
                    print(f"cramming {d}, {step}/{total}, {held_out:.3f}, {spent}", flush=True)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("\n".join(rows) + "\n")
        lines += path.read_text().splitlines()
    (DATA / "cramming.csv").write_text("\n".join(lines) + "\n")


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
