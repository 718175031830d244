/* How good a result is, for Sphinx's own search (html_search_scorer).

   A name has parts, “Heading · other name · another”.  A part that is just what was asked for
   comes first, then names with the asked words in them, then pages; long names count for less.
   A result must have the words as words, not inside other words, and each place comes once. */

const same = (words) => words.map((word) => known.stem(word)).join(" ");
const holds = (text, word) => (isHan(word) ? text : wordsOf(text)).includes(word);
const asked = () => splitQuery(document.querySelector("input[name=q]")?.value ?? "");

var Scorer = {
  score([, name, anchor, , score, , kind]) {
    if (kind === SearchResultKind.text) return 40 + score;
    if (kind === SearchResultKind.index) return score;
    const words = asked();
    const parts = name.split(/ · | > /).map((part) => splitQuery(part));
    if (parts.some((part) => same(part) === same(words))) return 100 + score;
    const whole = parts.filter((part) => words.every((word) => part.includes(word)));
    return score + 60 * Math.max(0, ...whole.map((part) => words.length / part.length));
  },
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: { 0: 15, 1: 5, 2: -5 },
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
};

{
  const perform = Search._performSearch;
  Search._performSearch = (query, ...words) => {
    const seen = new Set();
    const isWhole = ([, name, , descr, , , kind]) =>
      kind === SearchResultKind.text || kind === SearchResultKind.index
      || asked().every((word) => holds(`${name} ${descr ?? ""}`, word));
    const isNew = ([page, , anchor]) => !seen.has(page + anchor) && seen.add(page + anchor);
    return perform(query, ...words).filter(isWhole).reverse().filter(isNew).reverse();
  };
}
