/* What a reader types, in the words of the index: its spelling is folded as the pages' was, a
   word that is nowhere becomes the one that is nearest, and small words are left out.  Stands in
   Sphinx's language_data.js, as the splitter of the language that words.py adds. */

class FoldedStemmer {
  constructor() { this.english = new EnglishStemmer(); }

  stemWord(word) {
    for (const [old, fold] of FOLDS) word = word.replace(new RegExp(old, "g"), fold);
    const stem = this.english.stemWord(word);
    return known && !known.has(stem) && !isHan(stem) ? `${stem}\u2060` : stem; // or Sphinx looks inside words
  }
}
window.Stemmer = FoldedStemmer;

let known;
const isHan = (text) => /\p{Script=Han}/u.test(text);
const wordsOf = (text) => text.toLowerCase().match(/[\p{Letter}\p{Number}_]+/gu) ?? [];

/* The stems of the index, those of names first; and for each stem of a name the name's words. */
class Known {
  constructor(index) {
    const stemmer = new Stemmer();
    this.stem = (word) => stemmer.stemWord(word);
    this.names = new Map();
    for (const [prefix, found] of Object.entries(index.objects))
      for (const one of found)
        for (const word of wordsOf(`${prefix} ${one[4]}`)) {
          const stem = this.stem(word);
          this.names.set(stem, (this.names.get(stem) ?? new Set()).add(word));
        }
    this.stems = [this.names.keys(), Object.keys(index.titleterms), Object.keys(index.terms)]
      .map((stems) => new Set(stems));
  }

  has(stem) { return this.stems.some((stems) => stems.has(stem)); }

  /* The stem that begins so, or that differs in a letter or two. */
  nearest(stem) {
    const allowed = stem.length < 4 || /[\d_]/.test(stem) ? 0 : stem.length < 8 ? 1 : 2;
    for (let far = 0; far <= allowed; far++)
      for (const stems of this.stems)
        for (const other of stems)
          if (far ? distance(stem, other, far) <= far : stem.length > 3 && other.startsWith(stem))
            return other;
  }

  /* The word as a name has it, if one does; else as it was typed, or as it should have been. */
  word(typed) {
    const stem = this.stem(typed);
    const found = this.has(stem) ? stem : this.nearest(stem);
    const forms = [...(this.names.get(found) ?? [])];
    if (forms.includes(typed)) return typed;
    return forms.sort((a, b) => distance(typed, a, 9) - distance(typed, b, 9))[0]
      ?? (found === stem ? typed : found ?? typed);
  }
}

/* How many letters are to be changed, added, left out or swapped; more than `most` are not counted. */
const distance = (a, b, most) => {
  if (Math.abs(a.length - b.length) > most) return most + 1;
  let rows = [[], [...Array(b.length + 1).keys()]];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      row[j] = Math.min(
        rows[1][j] + 1, row[j - 1] + 1, rows[1][j - 1] + (a[i - 1] !== b[j - 1]),
        i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? rows[0][j - 2] + 1 : Infinity,
      );
    }
    rows = [rows[1], row];
  }
  return rows[1][b.length];
};

var splitQuery = (query) => {
  const words = wordsOf(query);
  if (!Search.hasIndex()) return words;
  known ??= new Known(Search._index);
  const telling = words.filter((word) => !stopwords.has(word));
  return (telling.length ? telling : words).map((word) => known.word(word));
};
