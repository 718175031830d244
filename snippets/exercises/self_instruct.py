"""What the reader writes for entry 19: likeness, the gate, an example."""

from snippets.exercises import exercise
from snippets.self_instruct import is_novel, rouge_l, words

# -- the nearest -------------------------------------------------------------


@exercise("write-nearest")
def nearest(text, pool):
    """The ROUGE-L of a text with its nearest in the pool, and that one.

    Of several that are equally near, the first; an empty pool gives
    (0.0, None).

    >>> nearest("Name two rivers.", ["Draw a cat.", "Name two long rivers."])
    (0.8571428571428571, 'Name two long rivers.')
    """
    if not pool:
        return 0.0, None
    best = max(pool, key=lambda other: rouge_l(text, other))
    return rouge_l(text, best), best


@nearest.case
def none_in_common():
    """two texts that share no word with the new one"""
    return "Sort the list.", ["Write a poem.", "Explain chess briefly."]


@nearest.case
def nothing_yet():
    """an empty pool"""
    return "Sort the list.", []


@nearest.case
def a_pool_of_three():
    """a pool in which the nearest stands in the middle"""
    pool = ["Sort a list.", "Sort the list twice.", "List the sort."]
    return "Sort the list.", pool


@nearest.case
def a_tie():
    """two texts of the pool that are equally near"""
    return "Read the words aloud.", ["Count the words.", "Sort the words."]


@nearest.wrong("The nearest is the one most alike: `max`, not `min`.")
def took_the_farthest(text, pool):
    if not pool:
        return 0.0, None
    best = min(pool, key=lambda other: rouge_l(text, other))
    return rouge_l(text, best), best


@nearest.wrong(
    "`max` over pairs of number and text breaks ties by the alphabet: "
    "compare the numbers alone."
)
def broke_ties_by_the_alphabet(text, pool):
    if not pool:
        return 0.0, None
    return max((rouge_l(text, other), other) for other in pool)


@nearest.wrong(
    "`max` of an empty pool raises an error: the first text of all has no "
    "nearest, so ask for that case first."
)
def forgot_the_empty_pool(text, pool):
    best = max(pool, key=lambda other: rouge_l(text, other))
    return rouge_l(text, best), best


@nearest.wrong(
    "That counts common words in any order: ROUGE-L asks for the same order."
)
def counted_without_order(text, pool):
    def share(other):
        a, b = words(text), words(other)
        return 2 * len(set(a) & set(b)) / (len(a) + len(b))

    if not pool:
        return 0.0, None
    best = max(pool, key=share)
    return share(best), best


# -- the longest common subsequence ------------------------------------------


@exercise("write-lcs")
def common(a, b):
    """The length of the longest common subsequence of two lists of words.

    >>> common("write a short poem".split(), "write about a poem".split())
    3
    """
    table = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            best = max(table[i][j + 1], table[i + 1][j])  # yours
            if x == y:  # yours
                best = table[i][j] + 1  # yours
            table[i + 1][j + 1] = best
    return table[len(a)][len(b)]


@common.case
def apart():
    """common words that are not side by side"""
    return list("axbycz"), list("abc")


@common.case
def reversed_order():
    """the same words the other way round"""
    return list("abcd"), list("dcba")


@common.case
def repeated():
    """a word that one text has three times and the other twice"""
    return list("aabab"), list("baa")


@common.case
def found_late():
    """a first word that stands last in the other text"""
    return list("cab"), list("abc")


@common.case
def no_words():
    """an empty list"""
    return [], list("ab")


@common.wrong(
    "Words in any order are too many: in the reversed text only one of them "
    "is common."
)
def any_order(a, b):
    return len(set(a) & set(b))


@common.wrong(
    "The words need not stand side by side: where they differ, take the "
    "better of leaving out one word here or there, and do not fall back to 0."
)
def side_by_side(a, b):
    best, table = 0, {}
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            table[i, j] = (x == y) * (table.get((i - 1, j - 1), 0) + 1)
            best = max(best, table[i, j])
    return best


@common.wrong(
    "The first place that fits is not always the best: one word that is "
    "found late skips all before it. Both ways must stay open."
)
def took_the_first_that_fits(a, b):
    count, start = 0, 0
    for x in a:
        if x in b[start:]:
            start = b.index(x, start) + 1
            count += 1
    return count


@common.wrong(
    "One more than the neighbours lets a word be matched twice: both words "
    "are used up, so add 1 to the field before both, table[i][j]."
)
def used_a_word_twice(a, b):
    table = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            best = max(table[i][j + 1], table[i + 1][j])
            table[i + 1][j + 1] = best + (x == y)
    return table[len(a)][len(b)]


# -- a pool without doubles --------------------------------------------------


@exercise("write-thin")
def thin(texts):
    """The texts in their order, without those too like one kept before.

    >>> thin(["Sort the long list.", "Sort the list.", "Write a poem."])
    ['Sort the long list.', 'Write a poem.']
    """
    kept = []
    for text in texts:
        if is_novel(text, kept):
            kept.append(text)
    return kept


@thin.case
def a_chain():
    """three texts of which only neighbours are alike"""
    return ["a b c d e f", "b c d e f g h", "d e f g h i j"]


@thin.case
def twice_the_same():
    """one text three times"""
    return ["Sort the list."] * 3


@thin.case
def back_again():
    """a text that comes again after another"""
    return ["Sort the list.", "Write a poem.", "Sort the list."]


@thin.case
def nothing():
    """no texts at all"""
    return []


@thin.wrong(
    "Every text is like itself: compare with those that were kept before, "
    "not with all."
)
def compared_with_itself(texts):
    return [text for text in texts if is_novel(text, texts)]


@thin.wrong(
    "What was turned away is not in the pool, and must not turn others away: "
    "compare with those kept, not with all that came before."
)
def compared_with_all_before(texts):
    return [t for i, t in enumerate(texts) if is_novel(t, texts[:i])]


@thin.wrong(
    "This drops both of a pair; the first of them is new when it comes."
)
def dropped_both(texts):
    return [
        text
        for i, text in enumerate(texts)
        if is_novel(text, texts[:i] + texts[i + 1 :])
    ]


@thin.wrong(
    "The last text alone is not the pool: compare with all that were kept."
)
def compared_with_the_last(texts):
    kept = []
    for text in texts:
        if is_novel(text, kept[-1:]):
            kept.append(text)
    return kept


# -- what is trained on ------------------------------------------------------


@exercise("write-example")
def example(instruction, given, output):
    """The prompt and the answer that the model is to learn.

    The prompt has the instruction, then a line "Input: ..." and a line
    "Output:"; a task without input has no such line.  The answer begins
    with a space.

    >>> text = example("Tell whether it is right.", "He go home.", "no")
    >>> print(*text, sep="|")
    Tell whether it is right.
    Input: He go home.
    Output:| no
    """
    lines = [instruction, "Output:"]
    if given:
        lines.insert(1, f"Input: {given}")
    return "\n".join(lines), f" {output}"


@example.case
def without_input():
    """a task that needs no input"""
    return "Name a river.", "", "The Danube."


@example.case
def of_two_lines():
    """an input and an output of two lines"""
    return "Sort the lines.", "b\na", "a\nb"


@example.wrong(
    "A task without input gets no empty line for it: leave the line out."
)
def kept_the_empty_line(instruction, given, output):
    return f"{instruction}\nInput: {given}\nOutput:", f" {output}"


@example.wrong(
    "The output belongs to the answer alone: in the prompt, it would be "
    "given and not learned."
)
def told_the_answer(instruction, given, output):
    middle = f"\nInput: {given}" if given else ""
    return f"{instruction}{middle}\nOutput: {output}", f" {output}"


@example.wrong(
    "Begin the answer with the space, not end the prompt with it: most "
    "tokenisers join a space to the word that follows."
)
def put_the_space_into_the_prompt(instruction, given, output):
    middle = f"\nInput: {given}" if given else ""
    return f"{instruction}{middle}\nOutput: ", output
