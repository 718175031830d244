"""What the book's own extensions say to a writer, and what mends it."""

from verified_book.messages import Messages

READING = Messages(
    "reading",
    no_page=(
        "{reading} knows no page “%s”: name a page or a folder/ of the book",
        "a page of the reading path is misspelt",
        "name it as in the toctree, or a folder with its stroke",
    ),
)
PRINT = Messages(
    "print",
    no_page=(
        "no page is called “%s”: name one by the last part of its file, without its ending",
        "`make pdf ENTRY=…` names no page, or two",
        "name a file of `docs`, without its folder",
    ),
)
SHAPES = Messages(
    "shapes",
    no_meaning=(
        "no table says what “%s” means in the shape “%s”",
        "whoever points at a shape is told what its letters mean",
        "give the letter a row, with a link to this page, in the notation page's table",
    ),
)
FRONT = Messages(
    "front",
    not_written=(
        "the model of {next-token} %s does not write: %s: %s",
        "`tokens_NAME()` is not in the page's module of figures, or raises this error",
        "mend it there: it returns a text and, token by token, what could come",
    ),
    no_claim=(
        "{specimen} knows no claim “%s”",
        "the claim that is shown as an example is gone",
        "name another one",
    ),
)
PAPER = Messages(
    "paper",
    no_entry=(
        "the bibliography has no entry %s to make the card from",
        "the key of `{paper}` is misspelt or new",
        "add the paper to `references.bib`",
    ),
    adds_nothing=(
        "the card of %s does not say what the paper adds: write :adds:",
        "whoever opens the page learns first what is new in the paper",
        "say it in one plain sentence, with its place in the paper",
    ),
    adds_uncited=(
        "what %s adds is said without its place: cite it as %s{§1} or the like",
        "the sentence is one of fact",
        "cite the place with {cite:p} in `:adds:`",
    ),
)
TOLD = Messages(
    "told",
    form=(
        "write {told}`ID VERDICT`, with a VERDICT of %s, not “%s”",
        "a claim is told in another form",
        "its number, a blank, and its verdict in English",
    ),
    other_verdict=(
        "claim %s is told as %s, and its verdict is %s",
        "the verdict has changed, and this page has not",
        "tell the verdict that it has, and its reason",
    ),
    left_out=(
        "claim %s is %s, and this page leaves it out: add {told}`%s %s`",
        "a page that tells of claims tells of all in which something is amiss",
        "say there what is amiss, with the role",
    ),
)
EXERCISES = Messages(
    "exercises",
    options=(
        "exercise %s has no :%s:",
        "an option is missing",
        "say `:kind:` and `:level:`",
    ),
    id_form=(
        "exercise %s: an id has small letters, digits and hyphens",
        "links to it are made from its id",
        "write it so, as in `write-attention`",
    ),
    no_solution=(
        "exercise %s has no {solution}",
        "a reader could not compare",
        "fold one into it",
    ),
    no_answer=(
        "exercise %s: no example in its {solution} prints the answer",
        "what is to be predicted is the first example of the solution",
        "add that example",
    ),
    no_python=(
        "this is no Python: %s",
        "the module of the page's exercises cannot be read",
        "mend it at this line",
    ),
    no_function=(
        'exercise %s has no function: add @exercise("%s") to %s',
        "an exercise to write stands on the page alone",
        "write its solution into the module that is named",
    ),
    on_no_page=(
        "exercise %s stands on no page: add it to %s.md as one to write",
        "the reverse",
        "add an `{exercise}` with this id",
    ),
    twice=(
        "exercise %s stands already in %s: choose another id",
        "two exercises have one id",
        "rename the newer of the two",
    ),
    no_page=(
        "these exercises have no page: name the module as its page is named",
        "a module of exercises belongs to the page of its name",
        "rename one of the two",
    ),
    not_imported=(
        "the exercises cannot be imported: %s",
        "their module, or one that it imports, stops with this error",
        "mend it at this line",
    ),
    endless=(
        "the exercises did not finish within %s s (verified_seconds)",
        "an answer never ends, or a case is far too much work",
        "make it smaller: a reader waits for it in the browser",
    ),
    few_cases=(
        "exercise %s has not two cases: add inputs of another kind",
        "one case is passed by accident",
        "add a case that is not the first with other numbers",
    ),
    few_wrongs=(
        "exercise %s has not three wrong answers: what do readers get wrong?",
        "hints are given for mistakes that are known",
        "add wrong answers, each with its hint",
    ),
    case_untold=(
        "exercise %s: say in a docstring what is tried: “With …”",
        "a case that fails is told to the reader in these words",
        "give the case a docstring",
    ),
    not_judged=(
        "exercise %s cannot be judged: %s: %s",
        "a case, a wrong answer or the solution raised this error",
        "mend it there",
    ),
    solution_fails=(
        "exercise %s: our own solution fails. %s Expected %s, got %s",
        "the solution, or what a case expects, is wrong",
        "mend the one or the other",
    ),
    wide_integers=(
        "exercise %s: an example prints how wide integers are, which Pythons differ in",
        "the browser's Python has integers of 32 bits",
        "print something else",
    ),
    narrow_integers=(
        "exercise %s: with integers of 32 bits the solution returns something else",
        "the browser's Python has integers of 32 bits",
        "convert to floats first, or take smaller numbers",
    ),
    stub_passes=(
        "exercise %s: the stub passes as it is: leave more to the reader",
        "there is nothing to write",
        "mark more lines with `# yours`, or add a case",
    ),
    wrong_passes=(
        "exercise %s: the wrong answer %s passes: add a case that tells it apart",
        "a reader with this mistake would be told that all is well",
        "add such a case",
    ),
    alike=(
        "exercise %s: %s behaves just as %s: add a case that differs",
        "a reader would be given the hint of another mistake",
        "add a case in which the two differ, or take one out",
    ),
)
