/* How good a result is, for Sphinx's own search (html_search_scorer).

   A name has parts, “Heading · other name · another”, and a title may have two, “Name: rest”.
   A part that is just what was asked for comes first, then names with the asked words in them,
   the shorter the better, then names with the most telling of them, then pages.  A result has the
   words as words, not inside other words, and each place comes once. */

const stemsOf = (text) => splitQuery(text).map((word) => known.meant(word));
const query = () => document.querySelector("input[name=q]")?.value ?? "";
const asked = () => stemsOf(query());
const letters = (text) => wordsOf(text).map(folded).join(" ");

/* From 0 to 1; 2 where a part is what was asked for to the letter. */
const nearness = (name) => {
  const stems = asked();
  const nears = name.split(/ · | > |: /).map((part) => {
    if (letters(part) === letters(query())) return 2;
    const there = stemsOf(part);
    const hits = stems.filter((stem) => there.includes(stem)).length;
    return (hits * hits) / (stems.length * there.length || 1);
  });
  return Math.max(...nears);
};

var Scorer = {
  score([page, name, anchor, , score, , kind]) {
    if (kind === SearchResultKind.index) return score;
    const near = nearness(name);
    const less = kind === SearchResultKind.text ? 30 + 20 * near : 60 * near;
    return (near >= 1 ? 80 + 20 * near : less) + score - (page.startsWith("appendix/") && !anchor ? 15 : 0);
  },
  objNameMatch: 11,
  objPartialMatch: 11,
  objPrio: { 0: 15, 1: 0, 2: -5 },
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
};

/* The names of the index, and how much a word tells: the fewer names have it, the more. */
class Names {
  constructor({ objects, objnames, docnames, filenames, titles }) {
    this.all = Object.entries(objects).flatMap(([prefix, found]) =>
      found.map(([page, kind, , anchor, ending]) => {
        const name = prefix ? `${prefix}.${ending}` : ending;
        const result = [docnames[page], name, `#${anchor}`, `${objnames[kind][2]}, in ${titles[page]}`];
        return { result, file: filenames[page], parts: [name, ...name.split(" · ")].map(stemsOf) };
      }));
    this.having = new Map();
    for (const { parts: [whole] } of this.all)
      for (const stem of new Set(whole)) this.having.set(stem, (this.having.get(stem) ?? 0) + 1);
  }

  weight(stems) {
    const told = (stem) => Math.log((this.all.length + 1) / ((this.having.get(stem) ?? 0) + 1));
    return stems.reduce((sum, stem) => sum + told(stem), 0);
  }

  /* Results of which a name has two words or more of those asked for, and a good part of them. */
  like(stems) {
    const whole = this.weight(stems);
    return this.all.flatMap(({ result, file, parts }) => {
      const shares = parts.map((part) => {
        const there = stems.filter((stem) => part.includes(stem));
        return there.length > 1 ? this.weight(there) / whole : 0;
      });
      const share = Math.max(...shares);
      return share < 0.3 ? [] : [[...result, 30 + 60 * share ** 2, file, SearchResultKind.object]];
    });
  }
}

{
  const perform = Search._performSearch;
  const holds = (text) => {
    const words = new Set(wordsOf(text).map((word) => known.stem(word)));
    return asked().every((stem) => (isHan(stem) ? text.includes(stem) : words.has(stem)));
  };
  let names;
  Search._performSearch = (query, ...words) => {
    const seen = new Set();
    const isWhole = ([, name, , descr, , , kind]) =>
      kind === SearchResultKind.text || kind === SearchResultKind.index
      || holds(`${name} ${descr ?? ""}`);
    const isNew = ([page, , anchor]) => !seen.has(page + anchor) && seen.add(page + anchor);
    const found = perform(query, ...words).filter(isWhole).reverse().filter(isNew);
    names ??= new Names(Search._index);
    const more = names.like([...new Set(asked())]).filter(isNew);
    return [...more, ...found.reverse()].sort((one, other) => one[4] - other[4]);
  };
}
