"""Bad input to every public function: it answers, or refuses in one sentence of its own.

FINE has a call of each function that is in order.  Each of its arguments in turn is made bad in
all ways that suit its kind (BAD), and each named axis of its arrays is made empty.  The function
then returns, without a NaN unless it was given something that is not finite, or raises a
ValueError of its own, in one sentence, or the checker of shapes refuses the call.  Nothing else
may come out: no IndexError, no ZeroDivisionError, no sentence of NumPy's.  The arguments stay as
they were.  The names of the tests say what each function is tried on.
"""

import collections
import copy
import importlib
import inspect
import traceback
import typing
import warnings
from pathlib import Path

import numpy as np
import pytest
from jaxtyping import TypeCheckError

import oracles

ROOT = Path(__file__).resolve().parents[2]

# -- what is bad -----------------------------------------------------------------------------


def one(value):
    """An array with this for its last number."""

    def bad(x):
        x = x.copy()
        x.reshape(-1)[-1:] = value
        return x

    return bad


def all_of(value):
    return lambda x: np.full_like(x, value)


NOT_FINITE = {"nan": np.nan, "inf": np.inf, "-inf": -np.inf}
BAD = {
    "floats": {f"one {k}": one(v) for k, v in NOT_FINITE.items()}
    | {"all 0": all_of(0.0), "all 5": all_of(5.0), "all -1": all_of(-1.0)},
    "ints": {f"one {v}": one(v) for v in (-1, -100, 2**31 - 1)},
    "bools": {"no": all_of(False), "yes": all_of(True)},
    "int": {str(v): lambda _, v=v: v for v in (0, -1)},
    "float": {k: lambda _, v=v: v for k, v in NOT_FINITE.items()}
    | {str(v): lambda _, v=v: v for v in (0.0, -1.0)},
    "str": {repr(v): lambda _, v=v: v for v in ("", "?")},
    "list": {"[]": lambda _: []},
}


def kind(value):
    """Which of the above suit a value."""
    if isinstance(value, np.ndarray):
        return {"f": "floats", "i": "ints", "b": "bools"}[value.dtype.kind]
    name = type(value).__name__
    return name if name in BAD else None


def axes(annotation, value):
    """The named axes of an array, and their places."""
    parts = [annotation, *typing.get_args(annotation)]
    names = next((part.dim_str.split() for part in parts if hasattr(part, "dim_str")), [])
    if "..." in names or not isinstance(value, np.ndarray):
        return []
    many = [i for i, name in enumerate(names) if name.startswith("*")]
    found = []
    for i, name in enumerate(names):
        if name.isidentifier() and name != "_":
            found.append((name, i - len(names) if many and i > many[0] else i))
    return found


def emptied(arguments, annotations, axis):
    """The arguments with that axis of length 0, wherever it is."""
    out = dict(arguments)
    for name, value in arguments.items():
        for found, place in axes(annotations.get(name), value):
            if found == axis:
                out[name] = np.take(out[name], [], axis=place)
    return out


def bad_calls(function, arguments):
    """Every bad call that is tried, by what is bad about it."""
    annotations = {k: p.annotation for k, p in inspect.signature(function).parameters.items()}
    calls = {}
    model = any(isinstance(value, dict) for value in arguments.values())
    for name, value in arguments.items():
        for label, spoil in BAD.get(kind(value), {}).items():
            calls[f"{name} {label}"] = arguments | {name: spoil(value)}
        for axis, _ in axes(annotations.get(name), value):
            if not (axis == "d" and model):  # the width of a model is fixed by its parameters
                calls[f"{axis} 0"] = emptied(arguments, annotations, axis)
    return calls


# -- what may come of it ---------------------------------------------------------------------


def numbers(value):
    """All floating-point numbers in a result."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [x for part in value for x in numbers(part)]
    array = (
        np.asarray(value) if isinstance(value, (float, np.ndarray, np.generic)) else np.zeros(0)
    )
    return array.reshape(-1).tolist() if array.dtype.kind in "fc" else []


def same(a, b):
    if isinstance(a, np.ndarray):
        return np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
    return isinstance(a, np.random.Generator) or callable(a) or bool(repr(a) == repr(b))


def fault(function, arguments, finite):
    """What is wrong with how the function takes these arguments, or nothing."""
    before = copy.deepcopy(arguments)
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            out = function(**arguments)
    except TypeCheckError:
        return ""
    except ValueError as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        if not (Path(last.filename).is_relative_to(ROOT / "snippets") and "raise" in last.line):
            return f"the sentence is not its own: {error}"
        return (
            ""
            if str(error).count("\n") == 0 and ": " in str(error)
            else f"not a sentence: {error}"
        )
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    if finite and any(x != x for x in numbers(out)):
        return "a NaN, in silence"
    return "" if all(same(arguments[k], before[k]) for k in before) else "an argument was changed"


# -- calls that are in order -----------------------------------------------------------------


def r(*shape):
    return np.random.default_rng(len(shape)).normal(size=shape)


def share(*shape):
    return np.random.default_rng(len(shape)).uniform(0.1, 0.9, size=shape)


def ids(*shape, high=5):
    return np.random.default_rng(len(shape)).integers(high, size=shape)


def yes(*shape):
    return np.ones(shape, dtype=bool)


def rng():
    return np.random.default_rng(0)


def fine():
    """Arguments for a call of every function, by its module and name."""
    from snippets import additive_attention, bart, bert, chinchilla, gpt, peft, transformer

    gru = additive_attention.init_gru(rng(), 2, 3)
    rnn = additive_attention.init_gru(rng(), 2, 5)
    block = transformer.init_block(rng(), 4, 8, cross=True)
    layer = bert.init_layer(rng(), 4)
    ulm = [r(9, 4), r(4, 4), r(4, 9)]
    berts, barts = bert.init_bert(rng(), 9, 6, 4, 1), bart.init_bart(rng(), 9, 6, 4, 8, 1)
    gpts = gpt.init_gpt(rng(), 9, 8, 4, 2, 1)
    merges, h = [(97, 98), (256, 99)], 2
    gpt_block = {k[3:]: w for k, w in gpts.items() if k.startswith("b0.")}
    past = [None]
    attention = (r(4, 2), r(4, 4), r(4))
    aligner = r(4, 6), r(4, 5), r(4), r(5, 5)
    mask = np.tril(yes(3, 3))

    ia3, prefix = peft.init_ia3(gpts), peft.init_prefix(rng(), gpts, 2)
    own = {k[3:]: w for k, w in (ia3 | prefix).items() if k.startswith("b0.")}
    lora = {"b0.w_q.a": r(2, 4), "b0.w_q.b": r(4, 2)}
    judge = gpts | {"w_r": r(4), "b_r": r(1)[0], "w_v": r(4), "b_v": r(1)[0]}
    batch = {"tokens": ids(4, 5), "real": yes(4, 5), "log_p": -share(4, 2)}
    batch |= {"adv": r(4, 2), "earned": r(4, 2), "v": r(4, 3), "states": r(4, 2, 4)}
    asked, fit = np.array([[1, 2, 40, 4, 50, 6, 7, 8]] * 2), chinchilla.PRINTED
    said = np.concatenate([asked, [[40, 46, 10, 10, 10, 10], [40, 40, 46, 10, 10, 10]]], axis=1)
    batch |= {"log_sft": -share(4, 2), "r": r(4)}
    five = share(5), share(5), share(5)
    labels = np.array([[0.5, 0.7], [0.3, 0.5]])
    joint = np.array([[0.5, 0.2], [0.2, 0.1]])
    thirds = np.full(3, 1 / 3)
    pair = np.full((2, 3), 1 / 3)

    def write(rng, prompt):
        return prompt[0]

    def gradient(params, batch):
        return {"w": params["w"] * batch.sum()}

    def relu(x):
        return np.maximum(x, 0)

    def halve(x):
        return 0.5 * x + np.arange(x.shape[-1])

    return {
        "layers": {
            "softmax": (r(2, 3), -1, yes(2, 3)),
            "log_softmax": (r(2, 3),),
            "sigmoid": (r(3),),
            "layer_norm": (r(2, 3), r(3), r(3), 1e-5),
            "relu": (r(3),),
            "gelu": (r(3),),
            "feed_forward": (r(2, 3), r(3, 4), r(4), r(4, 3), r(3)),
            "picked": (r(2, 5), ids(2)),
            "cross_entropy": (r(2, 5), ids(2)),
            "pad": ([ids(3), ids(2)], 0, True),
            "all_real": (ids(2, 3), yes(2, 3)),
            "positions": (yes(2, 3),),
            "first": (r(2, 3, 4), yes(2, 3)),
            "last": (r(2, 3, 4), yes(2, 3)),
            "check_ids": ("f: x", ids(3), 5),
            "check_sizes": ("f", 1),
            "part": (gpts, "b0."),
            "n_layers": (gpts,),
            "block_params": (gpts, 0),
        },
        "additive_attention": {
            "energies": (r(2), r(3, 4), *attention),
            "additive_attention": (r(2), r(3, 4), *attention),
            "gru_step": (r(2), r(3), *gru.values()),
            "init_gru": (rng(), 2, 3),
            "gru": (r(4, 3), r(2), gru),
            "annotations": (r(4, 3), gru, gru),
            "initial_state": (r(3, 4), r(2, 2)),
            "rnnsearch": (r(3, 1), r(3, 4), r(2), rnn, attention),
            "rnnencdec": (r(3, 1), r(4), r(2), rnn),
            "maxout": (r(4),),
            "word_probabilities": (r(2), r(3), r(4), r(6, 2), r(6, 3), r(6, 4), r(5, 3)),
            "vectors": ("the Area",),
            "small_case": (),
            "translation_loss": (*aligner, r(3, 6), r(3, 4, 5), yes(3, 4), ids(3, high=5)),
            "learn": (1, 0, 0.5, 4),
            "translate": ("the Area", *aligner),
            "rnn_parameters": (True, 2, 3, 4, 5, 6),
        },
        "transformer": {
            "attention": (r(3, 4), r(3, 4), r(3, 2), mask),
            "self_attention": (r(3, 4), r(4, 2), r(4, 2), r(4, 2), mask),
            "causal_mask": (3,),
            "padding_mask": (yes(2, 3),),
            "split_heads": (r(3, 4), 2),
            "merge_heads": (r(2, 3, 2),),
            "multi_head_attention": (r(3, 4), r(3, 4), *r(4, 4, 4), 2, mask),
            "positional_encoding": (3, 4),
            "rotation": (3, 4),
            "init_block": (rng(), 4, 8, True),
            "attend": (r(3, 4), r(3, 4), block, 2, mask),
            "think": (r(3, 4), block),
            "encoder_block": (r(3, 4), block, 2, yes(3)),
            "decoder_block": (r(3, 4), r(2, 4), block, 2, yes(3), yes(2)),
            "learning_rate": (5, 8, 10),
            "transformer_parameters": (4, 8, 1, 2, 2, 2, 9),
            "training_flops": (1.0, 2, 3.0),
        },
        "layer_norm": {
            "small_case": (),
            "normalise": (r(2, 3),),
            "jacobian": (r(3),),
            "jacobian_norm": (r(2, 3),),
            "backward": (r(2, 3), r(2, 3)),
            "post_ln": (r(2, 3), halve),
            "pre_ln": (r(2, 3), halve),
            "residual": (r(2, 3), r(2, 3), halve),
            "states": ("post", r(2, 3), [halve]),
            "output": ("residual", r(2, 3), [halve]),
            "init_theory": (rng(), 4, 2, (3,)),
            "theory_sublayers": (r(2, 3, 4, 4),),
            "loss": ("pre", r(2, 3, 4, 4), r(3, 4), r(5, 4), ids(3)),
            "errors": (r(3, 5), ids(3)),
            "last_gradient": ("pre", r(2, 3, 4, 4), r(3, 4), r(5, 4), ids(3)),
        },
        "fast_weights": {
            "small_case": (),
            "write": (r(2, 3), r(3), r(2)),
            "fast_weights": (r(4, 3), r(4, 3), r(4, 2)),
            "elu_plus_one": (r(3),),
            "normalised": (r(2, 3), share(2)),
            "linear_attention": (share(4, 3), share(4, 3), r(4, 2), True),
            "linear_attention_recurrent": (share(4, 3), share(4, 3), r(4, 2)),
            "linear_attention_chunked": (share(4, 3), share(4, 3), r(4, 2), 3),
            "softmax_kernel": (r(2, 3), r(2, 3)),
            "positive_features": (r(2, 3), r(4, 3)),
            "hyperbolic_features": (r(2, 3), r(4, 3)),
            "trigonometric_features": (r(2, 3), r(4, 3)),
            "kernel_errors": (r(3), r(3), 4),
            "delta_write": (r(2, 3), r(3), r(2), 0.5),
            "dpfp": (r(2, 3), 2),
            "capacity_loss": (4, 3),
            "flip_flop": (rng(), 5, 2),
            "squash": (r(3), r(3), 10.0),
            "each_weight": (r(2, 3, 3), r(2, 3)),
            "from_to": (r(2, 4, 3), r(2, 3)),
            "carry": (share(2, 3), r(2, 3, 4, 3), r(2, 3), r(2, 3, 4, 3), 10.0),
            "learn_flip_flop": (None, r(2, 3, 3), 0.5, np.eye(3)[ids(4, 2, high=3)], share(4, 2)),
        },
        "ulmfit": {
            "hat": (1, 2.0, 3.0),
            "peak_step": (20, 0.1),
            "check_step": ("f", 1, 2, 32.0),
            "stlr": (1, 20, 0.01, 0.1, 32.0),
            "stlr_landing": (1, 20, 0.01, 0.1, 32.0),
            "discriminative_rates": (0.1, 3, 2.6),
            "discriminative_step": ([r(2), r(3)], [r(2), r(3)], share(2)),
            "gradual_unfreezing": (3, 2),
            "concat_pool": (r(2, 3, 4), yes(2, 3)),
            "schedule": (3, 10, 2, 0.01, 2.6, True),
            "error_reduction": (5.0, 4.0),
            "encode": (["fine plot", "grim"],),
            "small_model": (0, 3),
            "states": (ulm, ids(2, 3), r(2, 4)),
            "next_word_loss": (ulm, ids(2, 3)),
            "class_scores": ([*ulm[:2], r(12, 2)], ids(2, 3), yes(2, 3)),
            "descend": (lambda theta: (theta[0] ** 2).sum(), [r(3)], r(2, 1)),
        },
        "bert": {
            "mask_tokens": (rng(), ids(6), ~yes(6), 9, 3, 0.5),
            "sentence_pair": (rng(), [["a", "b"], ["c"]], 0, 1),
            "pack": ([5, 6], [7], 1, 2),
            "init_layer": (rng(), 4),
            "init_bert": (rng(), 9, 6, 4, 1),
            "embed": (berts, ids(2, 3), ids(2, 3, high=2), yes(2, 3)),
            "encoder_layer": (r(2, 3, 4), layer, h, yes(2, 3)),
            "encode": (berts, ids(2, 3), ids(2, 3, high=2), h, yes(2, 3)),
            "mlm_logits": (berts, r(3, 4)),
            "nsp_logits": (berts, r(2, 3, 4), yes(2, 3)),
            "pretraining_loss": (
                *(berts, ids(2, 3), ids(2, 3, high=2), ids(2, 3)),
                *(yes(2, 3), yes(2), h, yes(2, 3)),
            ),
            "answer": (r(3), r(3), r(4, 3), 0.5),
            "layer_parameters": (4,),
            "bert_parameters": (9, 6, 4, 1, 2, True),
            "head_parameters": (9, 4),
            "word_list": ("a b a c", len(bert.SPECIALS) + 2),
            "numbers": ("a b z", [*bert.SPECIALS, "a", "b"]),
            "neighbours": (ids(6), 9, 0.1),
            "between": (share(9, 9), ids(3), ids(3)),
        },
        "gpt": {
            "ascii_like": ("ж",),
            "pieces": (b"a b",),
            "merge": ((1, 2, 1, 2), (1, 2), 9),
            "count_pairs": (collections.Counter({(1, 2, 3): 2}),),
            "train_bpe": (b"ab ab", 1),
            "encode": ("abc", merges),
            "check_merges": (merges,),
            "vocabulary": (merges,),
            "decode": (ids(3), merges),
            "init_gpt": (rng(), 9, 8, 4, 2, 1),
            "init_gpt_block": (rng(), 4, 2),
            "gpt_block": (r(2, 3, 4), gpt_block, h, None, yes(2, 3)),
            "embed": (gpts, ids(2, 3), ids(2, 3)),
            "hidden": (gpts, ids(2, 3), h, yes(2, 3)),
            "gpt": (gpts, ids(2, 3), h, yes(2, 3)),
            "gpt_loss": (gpts, ids(2, 3), h, yes(2, 3)),
            "classify": (gpts, r(4, 3), ids(2, 3), h, yes(2, 3)),
            "finetune_loss": (gpts, r(4, 3), ids(2, 3), ids(2, high=3), h, 0.5, yes(2, 3)),
            "adam": ({"w": r(2)}, {"w": r(2)}, None, 0.1, 0.9, 0.99, 1e-8, 0.1),
            "draw": (r(2, 5), rng(), 1.0),
            "generate": (gpts, ids(2, 3), 2, h, rng(), 1.0, yes(2, 3)),
            "next_logits": (gpts, ids(2, 3), h, past, yes(2, 3)),
            "corpus": (),
            "load_tiny": (),
            "bigram_loss": (ids(9), ids(5), 5, 2.0),
            "few_shot_prompt": ("say", [("a", "b")], "c"),
            "banded_mask": (4, 2),
            "gpt_parameters": (9, 8, 4, 1),
            "train_flops": (2, 3, 0.5),
        },
        "bart": {
            "small_case": (),
            "fits": (ids(5), ids(5), 9, "?"),
            "surprises": (np.array([1, 2]), [np.array([1, 2]), np.array([1, 3])]),
            "sample": (rng(), 5, 0.5),
            "token_masking": (rng(), ids(5), 0.5, 9),
            "token_deletion": (rng(), ids(5), 0.5),
            "span_lengths": (rng(), 6, 3.0),
            "text_infilling": (rng(), ids(6), 0.5, 9, 3.0),
            "split_sentences": (ids(6), 1),
            "sentence_permutation": (rng(), ids(6), 1),
            "document_rotation": (rng(), ids(6)),
            "fill_in": (np.array([1, 9, 2]), [ids(2)], 9),
            "init_bart": (rng(), 9, 6, 4, 8, 1),
            "embed": (barts, "enc", ids(2, 3), yes(2, 3)),
            "blocks": (barts, "dec"),
            "encode": (barts, ids(2, 3), h, yes(2, 3)),
            "decode": (barts, ids(2, 3), r(2, 4, 4), h, yes(2, 3), yes(2, 4)),
            "denoising_loss": (barts, ids(2, 4), ids(2, 3), h, 0, yes(2, 3), yes(2, 4)),
            "late": (ids(2, 3), 0, yes(2, 3)),
            "stack_parameters": (4, 1, True),
            "bart_parameters": (4, 1, 9, 6),
        },
        "family_tree": {
            "first_month": ("1810.04805",),
            "read_tree": (),
            "full_mask": (3,),
            "prefix_mask": (3, 1),
            "permutation_mask": (np.array([2, 0, 1]),),
            "reach": (mask, 2),
            "joined_attention": (r(3, 4), [(r(3, 4), r(3, 2), mask)]),
            "advice": ("generation", "few", False, False),
        },
        "efficient_transformers": {
            "small_case": (),
            "hash_mask": (r(4, 3), r(4, 3), r(3, 2)),
            "local_mask": (4, 1),
            "block_mask": (4, 2),
            "strided_mask": (4, 2),
            "global_mask": (4, 2),
            "sparse_attention": (r(3, 4), r(3, 4), r(3, 4), mask),
            "local_attention": (r(3, 4), r(3, 4), r(3, 4), 1),
            "block_attention": (r(4, 3), r(4, 3), r(4, 3), 2),
            "low_rank_attention": (r(3, 4), r(3, 4), r(3, 4), r(2, 3), r(2, 3)),
            "kernel_attention": (share(3, 4), share(3, 4), r(3, 2)),
            "exponential_features": (r(3, 2), 2),
            "ffn_share": (4, 8),
            "activations": (r(2, 3, 3), r(4, 3)),
            "backward": (r(2, 3, 3), [r(4, 3)] * 3, r(4, 3)),
            "checkpointed": (r(2, 3, 3), r(4, 3), r(4, 3), 1),
            "half": (r(3),),
            "descend": (r(3), r(4, 3), 0.1, True),
            "scaled_gradient": (r(3), 8.0),
            "adam_bytes": (5.0,),
        },
        "flash_attention": {
            "small_case": (),
            "below": (r(3), r(3)),
            "merge": (r(3), share(3), r(3), share(3)),
            "tiles": (5, 2),
            "block_sizes": (64, 4),
            "update": (r(2, 3), share(2), r(2), r(2, 4), r(4, 3)),
            "flash_forward": (r(4, 3), r(4, 3), r(4, 3), 2, 2, yes(2, 2)),
            "all_blocks": (4, 2, 2, yes(2, 2)),
            "tile_gradients": (r(2, 3), r(4, 3), r(4, 3), r(2, 3), r(2, 3), share(2), r(2) + 9),
            "flash_backward": (
                *(r(4, 3), r(4, 3), r(4, 3), r(4, 3), r(4, 3)),
                *(share(4), r(4) + 9, 2, 2, yes(2, 2)),
            ),
            "standard_forward": (r(4, 3), r(4, 3), r(4, 3)),
            "standard_backward": (r(4, 3), r(4, 3), r(4, 3), share(4, 4), r(4, 3)),
            "flash_accesses": (4, 3, 2, True),
            "standard_accesses": (4, 3, True),
        },
        "cramming": {
            "flops_per_token": (9, 4, 8, 1),
            "affordable": (1e6, 10.0, 4),
            "check_spent": (0.5,),
            "triangle": (0.5, 0.1, 0.5),
            "dive": (0.5, 0.5),
            "cosine": (0.5,),
            "micro_batches": (0.5, 4, 1.0),
            "accumulate": (gradient, {"w": r(2)}, [ids(2, 3)]),
            "texts": (),
            "batch_at": (ids(9), 1, 2, 3),
            "cram": (4, 1, ids(99)),
            "curves": ("flops",),
        },
        "lora": {
            "small_case": (),
            "scale": (2.0, r(2, 3)),
            "lora_update": (r(2, 3), r(4, 2), 2.0),
            "lora": (r(5, 3), r(4, 3), r(2, 3), r(4, 2), 2.0),
            "lora_grads": (r(5, 4), r(5, 3), r(2, 3), r(4, 2), 2.0),
            "best_update": (r(3, 4), 2),
            "phi": (r(2, 4), r(3, 4), 1, 2),
            "init_lora": (rng(), gpts, ["b0.w_q"], 2),
            "merge_lora": (gpts, lora, 2.0),
            "load_lora": (),
            "lora_parameters": (2, 4, 2),
            "adapter_parameters": (2, 4, 2, 1),
            "prefix_parameters": (4, 2, 1, 1),
            "bias_parameters": (2, 4),
        },
        "peft": {
            "small_case": (),
            "moved": (r(4, 2), peft.small_case()[1]),
            "adapter": (r(2, 4), r(4, 2), r(2), r(2, 4), r(4)),
            "scaled": (r(2, 4), r(2, 4)),
            "preceded": (r(3, 4), r(2, 4)),
            "seen_before": (yes(2, 3), 5),
            "edited_attention": (r(2, 3, 4), gpt_block, own, h, yes(2, 3)),
            "edited_block": (r(2, 3, 4), gpt_block, own, h, yes(2, 3)),
            "parts": ({f"att_{k}": r(2) for k in ("down", "down_bias", "up", "up_bias")}, "att"),
            "check_edits": (ia3, 1),
            "edited_gpt": (gpts, ia3 | prefix, ids(2, 3), h, yes(2, 3)),
            "init_adapters": (rng(), gpts, 2),
            "init_ia3": (gpts,),
            "init_prefix": (rng(), gpts, 2),
            "merge_ia3": (gpts, ia3),
            "biases": (gpts,),
            "count": (ia3,),
            "ia3_parameters": (1, 1, 4, 8),
            "training_bytes": (9, 3, 2, 3),
            "fewshot_flops": (9.0, 5, 2),
            "t5_parameters": (4, 8, 1, 2),
        },
        "gopher": {
            "page_measures": ("the fox of the wood",),
            "page_faults": ("the fox of the wood", 3),
            "bare_words": ("The fox, the wood.",),
            "share": ([True, False],),
            "root_mean_square": (r(2, 3), 1e-5),
            "rms_norm": (r(2, 3), r(3), 1e-5),
            "rms_norm_backward": (r(2, 3), r(2, 3), r(3), 1e-5),
            "batch_norm": (r(2, 3), r(3), r(3), 1e-5),
            "shift": (r(3, 3),),
            "relative_scores": (r(3, 4), r(3, 4), r(3, 4), r(4), r(4)),
            "gopher_parameters": (2, 2, 3, 4, 5, 9),
            "forward_flops": (2, 2, 3, 4, 5, 6, 9),
            "training_flops": (9.0, 8.0, 4, True),
        },
        "chinchilla": {
            "check_positive": ("f",),
            "loss": (share(3), share(3), fit),
            "exponents": (fit,),
            "optimum": (1e9, fit),
            "power_law": (np.array([1.0, 2, 4]), share(3)),
            "valley": (np.array([1.0, 2, 4]), np.array([2.0, 1, 3])),
            "log_loss": (r(5), share(3), share(3)),
            "huber": (r(3), 0.1),
            "gradient": (r(5), share(3), share(3), share(3), 0.1),
            "fit_loss": (*five, fit, 2),
            "runs": (3,),
        },
        "pythia": {
            "checkpoints": (9, 4),
            "frequent_words": ("a b a", 3),
            "draw_pairs": (rng(), ids(4), 3, 2),
            "train_pairs": (ids(3, 2, 2), 5, 2, [0, 3], 2.5),
            "check_pairs": ("f", ids(3, 2, 2), 5, 2),
            "frequencies": (4, 10.0),
            "rotate": (r(2, 3, 4), ids(2, 3)),
            "rotate_halves": (r(2, 3, 4), ids(2, 3)),
            "rotate_part": (r(2, 3, 4), ids(2, 3), 0.5),
            "decay": (share(3), 4),
            "neox_block": (r(2, 3, 4), layer, h, True, 1.0, yes(2, 3)),
            "padded": (9, 2),
            "pythia_parameters": (1, 4, 1, 9),
            "memorised": (rng(), share(3), 5),
            "poisson": (2.0, 4),
            "quantiles": (ids(5) + 1,),
            "check_counts": ("f", ids(5) + 1),
            "dispersion": (ids(5) + 1,),
        },
        "instructgpt": {
            "token_log_probs": (gpts, ids(2, 5), 3, h, yes(2, 5)),
            "mean_real": (r(2, 3), yes(2, 3)),
            "sft_loss": (gpts, ids(2, 5), 3, h, yes(2, 5)),
            "comparisons": (3,),
            "reward_loss": (r(3), r(3)),
            "ranking_loss": (r(2, 3),),
            "reward": (judge, ids(2, 5), h, yes(2, 5)),
            "last_layer": (gpts,),
            "win_rate": (1.0, 0.5),
            "log_odds": (0.7,),
            "token_rewards": (r(2), r(2, 3), r(2, 3), 0.1, yes(2, 3)),
            "ptx_objective": (r(2), r(2, 3), r(2, 3), 0.1, -2.0, 0.5, yes(2, 3)),
            "instruction": ("Alice", 2),
            "prompts": (gpt.load_tiny()[1], True),
            "asked": (asked[0],),
            "answer": (40, 2),
            "demonstrate": (asked, 0.5, rng()),
            "mistakes": (said,),
            "preferences": (said, 2),
            "load_aligned": (),
            "petaflop_days": (1e9,),
            "recovered": (3.0, 1.0, 2.0),
            "nearest_share": (50.0, 4),
        },
        "constitutional_ai": {
            "small_case": (),
            "critique": (["a", "b"], {"a": "c"}),
            "revise": (["a", "b"], ["a"], {"a": "c"}),
            "critique_revision": (["a", "b"], [{"a": "c"}], [0]),
            "check_labels": ("f",),
            "soft_label": (r(3, 2),),
            "hard_label": (share(3),),
            "clamp": (share(3), 0.4, 0.6),
            "log_odds": (share(3),),
            "preference_loss": (r(3), share(3)),
            "fit_scores": (labels, 5),
            "calibration_error": (share(3), share(3), 4),
        },
        "self_instruct": {
            "words": ("a b",),
            "ascii_words": ("a b",),
            "lcs": (["a", "b"], ["b"]),
            "rouge_l": ("a b", "b"),
            "is_novel": ("a b", ["b"], 0.7),
            "is_fit": ("a b c d",),
            "begins_well": ("a b",),
            "sample_prompt": (rng(), list("abcdefgh"), ["i"]),
            "bigram_writer": (rng(), ["a b", "b c"]),
            "bootstrap": (rng(), list("abcdefgh"), write, 2),
            "check_joint": (joint,),
            "input_first": (rng(), joint, 3),
            "output_first": (rng(), joint, 3),
            "filter_instances": ([("a", "b")],),
        },
        "rlhf": {
            "n_step_advantages": (r(2, 3), r(2, 4), 0.9, yes(2, 3)),
            "td_errors": (r(2, 3), r(2, 4), 0.9, yes(2, 3)),
            "gae": (r(2, 3), r(2, 4), 0.9, 0.8, yes(2, 3)),
            "check_values": (r(2, 3), r(2, 4)),
            "policy_gradient": (r(4, 5), ids(4), r(4)),
            "ppo_clip": (share(3), r(3), 0.2),
            "doubling": (1.0, 2.0, 3.0),
            "proportional": (1.0, 2.0, 3.0, 0.1),
            "check_target": (1.0,),
            "kl": (pair, pair),
            "leashed_reward": (pair, pair, r(2, 3), 0.5),
            "optimum": (pair, r(2, 3), 0.5),
            "dpo_loss": (r(3), r(3), r(3), r(3), 0.5),
            "rank_answers": (r(4), 2, 3, rng()),
            "ppo_table": (pair, r(2, 3), 0.5, 2, rng(), 1.0, 8),
            "check_table": (pair, 2, 8),
            "clip_step": (r(2, 3), pair, ids(4, high=2), ids(4, high=3), r(4), 0.5),
            "best_of_n": (thirds, 2),
            "best_of_n_kl": (2,),
            "tilted_gold": (r(2), r(2), r(2, 2), 0.5),
            "rollout": (gpts, gpts, judge, ids(2, 3), 2, h, 0.1, rng(), yes(2, 3)),
            "ppo_loss": (
                {"lnf_gain": gpts["lnf_gain"]},
                *(gpts, ids(2, 5), -share(2, 2), r(2, 2), h, yes(2, 5)),
            ),
            "standardised": (r(3),),
            "ppo_iteration": ({"lnf_gain": gpts["lnf_gain"]}, gpts, batch, None, 0.1, h, 2),
            "value_step": (judge, batch, 0.1),
            "summary": ({k: batch[k] for k in ("log_p", "log_sft", "r")} | {"tokens": said},),
        },
    }


FINE = fine()


def call(name):
    """A function by its full name, and arguments that it should take."""
    module, _, own = name.partition(".")
    function = getattr(importlib.import_module(f"snippets.{module}"), own)
    given = inspect.signature(function).bind(*FINE[module][own])
    arguments = dict(given.arguments)
    if name == "fast_weights.learn_flip_flop":
        arguments["program"] = importlib.import_module("snippets.fast_weights").each_weight
    return function, arguments


NAMES = [f"{module}.{own}" for module, calls in FINE.items() for own in calls]


def test_every_public_function_has_a_call():
    public = {name for name in oracles.functions() if name.count(".") == 1}
    assert public == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_call_that_is_in_order_is_answered(name):
    function, arguments = call(name)
    assert fault(function, arguments, finite=True) == ""


def tried():
    """A test for each function and argument, whose name says what it is tried on."""
    for name in NAMES:
        function, arguments = call(name)
        by_what = {}
        for label, bad in bad_calls(function, arguments).items():
            what, _, how = label.partition(" ")
            by_what.setdefault(what, {})[how] = bad
        for what, calls in by_what.items():
            yield pytest.param(name, calls, id=f"{name}: {what} {', '.join(calls)}")


@pytest.mark.parametrize(("name", "calls"), list(tried()))
def test_bad_input_is_answered_or_refused_in_a_sentence(name, calls):
    function, _ = call(name)
    faults = {
        how: fault(function, copy.deepcopy(bad), not any(k in how for k in NOT_FINITE))
        for how, bad in calls.items()
    }
    assert not any(faults.values()), faults
