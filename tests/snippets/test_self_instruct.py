"""Entry 19 against the reference ROUGE, brute force and counted draws."""

import re
import string
import unicodedata
from collections import Counter
from itertools import combinations, groupby, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rouge_score import rouge_scorer, tokenize, tokenizers
from scipy import stats

from snippets import self_instruct as s

SEEDS = st.integers(0, 2**32 - 1)
TOKENS = st.lists(st.sampled_from("abcde"), max_size=8)
SAMPLES = ["the", "The", "cat,", "sat", "on", "a-mat", "3", "times.", "ÉTÉ"]
TEXTS = st.lists(st.sampled_from(SAMPLES)).map(" ".join)
SCORER = rouge_scorer.RougeScorer(["rougeL"], use_stemmer=False)


class AnyScript(tokenizers.Tokenizer):
    """Our words for the reference scorer."""

    def tokenize(self, text):
        return s.words(text)


OURS = rouge_scorer.RougeScorer(["rougeL"], tokenizer=AnyScript())
HUMAN = [f"{verb} the {noun} of a friend" for verb in ("tell", "sort", "mend") for noun in "xyz"]


@pytest.mark.holds("ascii_words", by="library: rouge_score.tokenize")
@given(st.text())
def test_ascii_words_are_the_reference_tokens(text):
    assert s.ascii_words(text) == tokenize.tokenize(text, None)


@pytest.mark.holds("words", by="brute force: character by character")
@given(st.text())
def test_words_are_runs_of_letters_marks_and_digits_in_any_script(text):
    def inside(c):
        return c.isalnum() or unicodedata.category(c) in ("Mn", "Mc", "Me", "Nl", "No")

    runs = groupby(text.lower(), inside)
    assert s.words(text) == ["".join(run) for is_word, run in runs if is_word]


@given(st.text(st.characters(max_codepoint=127)))
def test_of_ascii_both_ways_to_cut_make_the_same_words(text):
    assert s.words(text) == s.ascii_words(text)


@pytest.mark.parametrize(
    "text",
    [
        "Напиши короткое стихотворение о море.",
        "Écrivez un été à Ærø.",
        "दो वाक्यों में उत्तर दें",
        "用一句话解释这首诗。",
        "اكتب قصيدة قصيرة",
    ],
)
def test_a_text_of_any_script_is_like_itself_and_not_novel(text):
    assert s.rouge_l(text, text) == 1
    assert not s.is_novel(text, [text])
    assert s.is_novel(text, [text[::-1]])


@pytest.mark.holds("lcs", by="brute force: every subsequence")
@given(TOKENS, TOKENS)
def test_the_lcs_is_the_longest_run_of_choices_that_both_allow(a, b):
    kept = {c for k in range(len(b) + 1) for c in combinations(b, k)}
    longest = max(k for k in range(len(a) + 1) if kept & set(combinations(a, k)))
    assert s.lcs(a, b) == longest


@pytest.mark.holds("rouge_l", by="library: rouge_score.rouge_scorer")
@given(TEXTS, TEXTS)
def test_rouge_l_is_the_reference_implementations_to_the_last_bit(a, b):
    assert s.rouge_l(a, b, s.ascii_words) == SCORER.score(b, a)["rougeL"].fmeasure


@pytest.mark.parametrize("seed", range(3))
def test_and_on_long_texts_too(seed):
    rng = np.random.default_rng(seed)
    a, b = (" ".join(rng.choice(list("abcdefgh"), n)) for n in (60, 45))
    assert s.rouge_l(a, b) == SCORER.score(b, a)["rougeL"].fmeasure


@given(TEXTS, TEXTS)
def test_rouge_l_is_symmetric_and_one_only_for_the_same_words(a, b):
    score = s.rouge_l(a, b)
    assert score == pytest.approx(s.rouge_l(b, a), abs=1e-15)
    assert (score == 1) == (s.words(a) == s.words(b) != [])


@pytest.mark.holds("is_novel", by="library: rouge_score.rouge_scorer")
@given(TEXTS, st.lists(TEXTS, max_size=4), st.floats(0.1, 1))
def test_a_text_is_novel_if_its_nearest_neighbour_is_far_enough(text, pool, threshold):
    nearest = max((OURS.score(p, text)["rougeL"].fmeasure for p in pool), default=0)
    assert s.is_novel(text, pool, threshold) == (nearest < threshold)


@pytest.mark.holds("is_fit", by="brute force: case by case")
@pytest.mark.parametrize(
    ("text", "fit"),
    [
        ("Name one river", False),
        ("Name one long river", True),
        ("word " * 150, True),
        ("word " * 151, False),
        ("Describe the Picture, please, now", False),
        ("Draw two graphs of it", False),
        ("Explain what photography is for", True),
    ],
)
def test_instructions_too_short_too_long_or_of_pictures_are_not_fit(text, fit):
    assert s.is_fit(text) is fit


@pytest.mark.holds("begins_well", by="library: string.punctuation")
@given(st.text(max_size=3))
def test_an_instruction_begins_well_as_the_authors_code_has_it(text):
    def turned_away(inst):
        return inst[0] in string.punctuation or not inst[0].isascii()

    assert s.begins_well(text) == (text != "" and not turned_away(text))


ABOUT_PICTURES = ["Draw", "picture.", "Images!", "pictures", "graphic", "Graph", "imagery", "a"]


@pytest.mark.holds("is_fit", by="library: re.search")
@given(st.lists(st.sampled_from(ABOUT_PICTURES), max_size=12), st.sampled_from([0, 140]))
def test_what_names_a_picture_is_not_fit(words, more):
    text = " ".join(words + more * ["word"])
    named = re.search(r"\b(image|picture|graph)s?\b", text, re.IGNORECASE)
    assert s.is_fit(text) == (4 <= len(words) + more <= 150 and not named)


@pytest.mark.holds("sample_prompt", by="brute force: counted")
@given(SEEDS, st.integers(0, 5))
def test_a_prompt_shows_two_of_the_machines_once_there_are_two_and_eight_in_all(seed, n):
    machine = [f"machine {i}" for i in range(n)]
    shown = s.sample_prompt(np.random.default_rng(seed), HUMAN, machine)
    assert len(set(shown)) == 8
    assert len(set(shown) & set(machine)) == min(2, n)
    assert set(shown) <= set(HUMAN + machine)


@pytest.mark.holds("sample_prompt", by="library: scipy.stats.chisquare")
def test_each_seed_and_each_text_of_the_machine_is_shown_as_often_and_anywhere():
    rng, machine = np.random.default_rng(0), ["m1", "m2", "m3"]
    prompts = [s.sample_prompt(rng, HUMAN, machine) for _ in range(400)]
    shown = Counter(text for prompt in prompts for text in prompt)
    for texts in (HUMAN, machine):
        assert stats.chisquare([shown[text] for text in texts]).pvalue > 0.001
    places = Counter(
        prompt.index(text) for prompt in prompts for text in machine if text in prompt
    )
    assert len(places) == 8 and stats.chisquare(list(places.values())).pvalue > 0.001


def test_too_few_seeds_are_refused():
    with pytest.raises(ValueError, match="5 seeds are too few"):
        s.sample_prompt(np.random.default_rng(0), HUMAN[:5], ["x", "y"])


@pytest.mark.holds("bigram_writer", by="brute force: every pair looked up")
@given(SEEDS)
def test_the_writer_joins_only_neighbours_of_its_prompt(seed):
    text = s.bigram_writer(np.random.default_rng(seed), HUMAN)
    seen = {pair for line in HUMAN for pair in pairwise(["", *line.split(), ""])}
    assert set(pairwise(["", *text.split(), ""])) <= seen


@pytest.mark.holds("bigram_writer", by="library: scipy.stats.chisquare")
def test_the_writer_goes_on_with_each_word_as_often_as_the_prompt_does():
    rng, prompt = np.random.default_rng(0), ["a b", "a c", "A c", "d"]
    written = Counter(s.bigram_writer(rng, prompt) for _ in range(600))
    seen = [written[text] for text in ("a b", "a c", "d")]
    assert stats.chisquare(seen, [150, 300, 150]).pvalue > 0.001


def test_a_single_text_without_repeats_is_all_that_it_teaches():
    rng = np.random.default_rng(0)
    assert s.bigram_writer(rng, ["Mend the fence today"] * 3) == "mend the fence today"


def test_a_writer_that_finds_no_end_is_stopped():
    rng = np.random.default_rng(0)
    assert len(s.bigram_writer(rng, ["a " * 5000]).split()) <= 200


@pytest.mark.holds("bootstrap", by="library: rouge_score.rouge_scorer")
@pytest.mark.parametrize("seed", range(3))
def test_the_pool_stays_pairwise_below_the_gate(seed):
    def write(rng, prompt):
        return " ".join(rng.choice(" ".join(prompt).split(), 6))

    machine, admitted = s.bootstrap(np.random.default_rng(seed), HUMAN, write, 60)
    assert len(machine) == sum(admitted) and len(admitted) == 60
    for i, text in enumerate(machine):
        scores = [SCORER.score(t, text)["rougeL"].fmeasure for t in HUMAN + machine[:i]]
        assert max(scores) < 0.7


def test_what_is_written_twice_gets_in_once_and_what_is_unfit_never():
    rng = np.random.default_rng(0)
    machine, admitted = s.bootstrap(rng, HUMAN, lambda *_: "paint a tiny blue door", 4)
    assert machine == ["paint a tiny blue door"] and admitted == [True, False, False, False]
    assert s.bootstrap(rng, HUMAN, lambda *_: "paint it", 4)[0] == []


@pytest.fixture
def joint():
    p = np.random.default_rng(1).random((4, 3)) ** 2
    return p / p.sum()


def counted(pairs):
    table = np.zeros((4, 3))
    for (x, y), count in Counter(pairs).items():
        table[x, y] = count
    return table


@pytest.mark.holds("input_first", by="library: scipy.stats.chisquare")
def test_inputs_first_draws_the_models_own_distribution(joint):
    pairs = s.input_first(np.random.default_rng(0), joint, 6000)
    assert stats.chisquare(counted(pairs), 6000 * joint, axis=None).pvalue > 0.001


@pytest.mark.holds("output_first", by="library: scipy.stats.chisquare")
def test_outputs_first_gives_each_label_its_turn_and_its_own_inputs(joint):
    pairs = s.output_first(np.random.default_rng(0), joint, 6000)
    assert set(Counter(y for _, y in pairs).values()) == {2000}
    wanted = 2000 * joint / joint.sum(axis=0)
    assert (stats.chisquare(counted(pairs), wanted, axis=0).pvalue > 0.001).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda rng: s.bigram_writer(rng, []), "prompt holds no text"),
        (lambda rng: s.bootstrap(rng, HUMAN, s.bigram_writer, -1), "rounds must be 0"),
        (lambda rng: s.input_first(rng, np.eye(2), 3), "sum to one"),
        (lambda rng: s.output_first(rng, np.eye(2), 3), "sum to one"),
        (lambda rng: s.input_first(rng, np.array([[1.5], [-0.5]]), 3), "sum to one"),
        (lambda rng: s.input_first(rng, np.eye(2) / 2, -1), "n must be 0"),
        (lambda rng: s.output_first(rng, np.eye(2) / 2, -1), "n must be 0"),
        (lambda rng: s.output_first(rng, np.zeros((0, 0)), 1), "sum to one"),
    ],
)
@pytest.mark.holds("check_joint", by="brute force: case by case")
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call(np.random.default_rng(0))
    s.check_joint(np.eye(2) / 2)


def test_an_input_that_the_model_never_writes_is_never_drawn():
    joint = np.array([[0.5, 0.5], [0.0, 0.0]])
    assert {x for x, _ in s.input_first(np.random.default_rng(0), joint, 50)} == {0}


def test_a_label_that_no_input_has_is_refused():
    with pytest.raises(ValueError, match="a label that no input has"):
        s.output_first(np.random.default_rng(0), np.array([[0.5, 0.0], [0.5, 0.0]]), 4)


@pytest.mark.holds("filter_instances", by="brute force: every rival")
@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz")), max_size=8))
def test_instances_are_kept_once_and_only_where_the_input_decides_the_output(pairs):
    kept = s.filter_instances(pairs)
    assert len(kept) == len(set(kept))
    for pair in set(pairs):
        rivals = [other for other in pairs if other[0] == pair[0] and other != pair]
        assert (pair in kept) == (not rivals)
    assert set(kept) <= set(pairs)


def test_figure_6_rates_252_answers_of_each_model():
    assert {sum(counts) for counts in s.FIGURE_6.values()} == {252}


def test_as_alike_as_the_threshold_is_too_alike():
    assert not s.is_novel("a b c", ["a b c"], threshold=1.0)


def test_eight_seeds_are_enough_and_six_with_two_of_its_own_and_none_is_shown_twice():
    human, machine = [f"h{i}" for i in range(8)], ["m0", "m1"]
    for seed in range(5):
        rng = np.random.default_rng(seed)
        assert sorted(s.sample_prompt(rng, human, [])) == human
        assert sorted(s.sample_prompt(rng, human[:6], machine)) == human[:6] + machine
    with pytest.raises(ValueError, match="seeds are too few"):
        s.sample_prompt(np.random.default_rng(0), human[:5], machine)


def test_every_label_needs_an_input_but_not_every_input_a_label():
    rng = np.random.default_rng(0)
    assert s.output_first(rng, np.array([[0.5, 0.5], [0, 0]]), 2) == [(0, 0), (0, 1)]
    with pytest.raises(ValueError, match="a label that no input has"):
        s.output_first(rng, np.array([[0.5, 0], [0.5, 0]]), 2)
