"""What the front page shows: the tiny model, choosing its next tokens."""

import numpy as np

from snippets.gpt import decode, encode, gpt, load_tiny, vocabulary
from snippets.layers import softmax


def tokens_writing(prompt="'I don't know,' said the", n_new=7, k=4):
    """A text, and for each token that follows the k likeliest ones."""
    params, merges, h = load_tiny()
    words, tokens, steps = vocabulary(merges), encode(prompt, merges), []
    for _ in range(n_new):
        p = softmax(gpt(params, np.array(tokens), h)[-1])
        top = np.argsort(-p)[:k]
        steps.append([(words[i].decode("ascii"), float(p[i])) for i in top])
        tokens.append(int(top[0]))
    return decode(tokens[:-n_new], merges).decode("ascii"), steps
