/* What a reader types, in the words of the index: its spelling is folded as the pages' was, a
   word that is nowhere becomes the one that is nearest, and small words are left out.  Stands in
   Sphinx's language_data.js, as the splitter of the language that words.py adds. */

let known;
const isHan = (text) => /\p{Script=Han}/u.test(text);
const wordsOf = (text) => text.toLowerCase().match(/[\p{Letter}\p{Number}]+/gu) ?? [];

const folded = (word) =>
  FOLDS.reduce((found, [old, fold]) => found.replace(new RegExp(old, "g"), fold), word);

class FoldedStemmer {
  constructor() { this.english = new EnglishStemmer(); }

  /* Sphinx looks for a word that it does not know inside others: the mark keeps it from that. */
  stemWord(word) {
    const stem = known?.meant(word) ?? this.stem(word);
    return !known || known.has(stem) || isHan(stem) ? stem : `${stem}\u2060`;
  }

  stem(word) { return this.english.stemWord(folded(word)); }
}
window.Stemmer = FoldedStemmer;

/* The stems of the index, those of names first.  Sphinx looks in names for letters, not for
   stems: so each stem of a name has a root, with which all its words in names begin. */
class Known {
  constructor(index) {
    const stemmer = new Stemmer();
    this.stem = (word) => stemmer.stem(word);
    this.names = new Map();
    this.words = new Map(); // of names, as they are written
    for (const [prefix, found] of Object.entries(index.objects))
      for (const one of found)
        for (const word of wordsOf(`${prefix} ${one[4]}`)) {
          const stem = this.stem(word);
          this.words.set(word, stem);
          this.names.set(stem, common(word, this.names.get(stem) ?? word));
        }
    this.roots = new Map([...this.names].map(([stem, root]) => [root, stem]));
    this.stems = [[...this.names.keys()], Object.keys(index.titleterms), Object.keys(index.terms)]
      .map((stems) => new Set(stems));
  }

  has(stem) { return this.stems.some((stems) => stems.has(stem)); }

  /* The stem that begins so, or of which a word differs in a letter or two. */
  nearest(word, stem) {
    const begun = stem.length > 3 && this.all((other) => other.startsWith(stem));
    if (begun) return begun;
    const allowed = word.length < 4 || /\d/.test(word) ? 0 : word.length < 8 ? 1 : 2;
    for (let far = 1; far <= allowed; far++) {
      const written = [...this.words.keys()].find((other) => distance(word, other, far) <= far);
      const found = this.words.get(written) ?? this.all((other) => distance(stem, other, far) <= far);
      if (found) return found;
    }
  }

  all(holds) {
    for (const stems of this.stems) for (const stem of stems) if (holds(stem)) return stem;
  }

  /* The stem of a word, or of the word that was meant. */
  meant(word) {
    const stem = this.roots.get(word) ?? this.stem(word);
    return this.has(stem) ? stem : this.nearest(word, stem) ?? stem;
  }

  root(word) {
    const stem = this.meant(word);
    return this.names.get(stem) ?? (stem === this.stem(word) ? word : stem);
  }
}

const common = (a, b) => {
  let i = 0;
  while (i < a.length && a[i] === b[i]) i++;
  return a.slice(0, i);
};

/* Letters to be changed, added, left out or swapped; more than `most` are not counted. */
const distance = (a, b, most) => {
  if (Math.abs(a.length - b.length) > most) return most + 1;
  let [above, row] = [[], [...Array(b.length + 1).keys()]];
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] !== b[j - 1]));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        next[j] = Math.min(next[j], above[j - 2] + 1);
    }
    [above, row] = [row, next];
  }
  return row[b.length];
};

var splitQuery = (query) => {
  const words = wordsOf(query);
  if (!Search.hasIndex()) return words;
  known ??= new Known(Search._index);
  const telling = words.filter((word) => !stopwords.has(word));
  return (telling.length ? telling : words).map((word) => known.root(word));
};
