"""What the ledger says to a writer, and what mends it."""

from verified_book.messages import Messages

LEDGER = Messages(
    "ledger",
    # claims and annotations
    claim_form=(
        "a claim is written {claim}`its words <SECTION.N>`, this is “%s”",
        "the number is missing or malformed",
        "end the words with the number, as in `<12.4>`",
    ),
    not_judged=(
        "claim %s has no annotation: judge it on this page",
        "words are marked, and nobody judges them",
        "add an `{annotation}` with its number below the translation",
    ),
    judges_nothing=(
        "annotation %s judges no claim: mark its words in a {translation}",
        "the reverse, or a slip in a number",
        "mark the words with `{claim}`, or put the number right",
    ),
    no_verdict=(
        "annotation %s has no :verdict: (%s)",
        "",
        "add one of those in brackets",
    ),
    unknown_fault=(
        "annotation %s lays its fault on “%s”: choose one of %s",
        "`:fault:` names nobody who can have erred",
        "choose one of those named, or leave it out",
    ),
    no_evidence=(
        "annotation %s gives no evidence: cite a place or add an example",
        "a verdict is asserted",
        "cite the paper, or compute it in a `{doctest}` inside the annotation",
    ),
    no_place=(
        "annotation %s cites %s without saying where: write %s{§1} or the like",
        "a whole paper is no evidence",
        "add section, equation, table or page in braces after the key",
    ),
    was_form=(
        "write “VERDICT, YEAR-MONTH-DAY, reason”, not “%s”",
        "a part of `:was:` is malformed",
        "write `wrong, 2026-11-29, the evidence: …`, and a stroke before the next",
    ),
    unknown_kind=(
        "choose a kind of %s, not “%s”",
        "`:kind:` names none",
        "choose one, perhaps with a case behind a comma, as in `number, rounds`",
    ),
    also_form=(
        "write ids of claims, such as 7.11, not “%s”",
        "`:also:` names no claims",
        "write the retired ids, with spaces between",
    ),
    twice=(
        "%s %s stands already in %s",
        "two claims, annotations or translations have one number",
        "the older keeps it; give the newer the next free one",
    ),
    # paragraphs
    no_paragraph=(
        "name the paragraphs that this translates, such as “%s p1 p2”",
        "a `{translation}` names its section alone",
        "add the ids of its paragraphs, from the file that `ledger_paragraphs` of `conf.py` names",
    ),
    unknown_paragraph=(
        "the source has no paragraph %s",
        "an id is not in the file that `ledger_paragraphs` of `conf.py` names",
        "look it up there",
    ),
    not_translated=(
        "paragraph %s is translated nowhere: add a {translation} of it",
        "a paragraph of the list was lost",
        "translate it on the page of its section",
    ),
    not_to_come=(
        "%s is translated: take it out of ledger_to_come",
        "`conf.py` still calls the section unwritten",
        "delete it from `ledger_to_come`",
    ),
    lost_uncited=(
        "say where the original has it: cite the original in this {lost}",
        "what the copy lost is asserted",
        "cite it with the place",
    ),
    # numbers and errata
    published_options=(
        "this {published} has no :%s:",
        "an option is missing",
        "say `:where:`, `:what:` and what the paper `:prints:`",
    ),
    unequal_counts=(
        "%d rows, %d printed values, but the examples print %d lines",
        "they are compared one by one, so there must be as many of each",
        "count the `|` in `:rows:` and `:prints:`, and the lines that the examples print",
    ),
    not_compared=(
        "%s: “%s” holds no number to compare with",
        "an operator such as `>` or `~` stands before words, or the example printed words",
        "print a number, or write the text to be equal",
    ),
    no_cause=(
        "%s: the paper prints %s and we compute %s; say why in :because: %s",
        "the two differ",
        "look for the slip in the example first; then say which cause it is, and why",
    ),
    cause_of_nothing=(
        "%s is reproduced (%s), so it needs no :because:",
        "the row agrees after all",
        "take its reason out",
    ),
    all_reproduced=(
        "every row is reproduced, so none needs a :because:",
        "the same, for `*`",
        "take `:because:` out",
    ),
    cause_form=(
        "write “%s” with a ROW of this table and a CAUSE of %s, not “%s”",
        "a reason is malformed, or its row is misspelt",
        "write `ROW: CAUSE, reason`, with the row as in `:rows:`",
    ),
    erratum_options=(
        "this {erratum} has no :%s:",
        "an option is missing",
        "say `:where:`, what it `:reads:` and what it `:should:` read",
    ),
    erratum_evidence=(
        "this {erratum} shows no evidence: add an example or a citation",
        "a slip is asserted",
        "show it with an example, or cite a second place",
    ),
    still_there=(
        "annotation %s takes in claim %s, which is still there",
        "`:also:` names a claim that has words of its own",
        "take it out of `:also:`, or take the marks off its words",
    ),
    became_what_it_was=(
        "annotation %s became what it was",
        "two verdicts that follow each other are the same",
        "`:was:` has the earlier verdicts alone, the oldest first",
    ),
    # tables, counts and links
    no_table=(
        "no ledger of %s: choose one of %s",
        "`{ledger}` names no table",
        "choose one of those named",
    ),
    no_count=(
        "nothing to count under “%s”",
        "`{count}` names nothing that is counted",
        "`claims`, `numbers`, `errata`, `paragraphs` or `examples`",
    ),
    place=(
        "%s of conf.py is no page or heading of the book: %s",
        "links to it would be dead",
        "name a page, or a page and the id of its heading, as in `appendix/about#corrections`",
    ),
)
