// The editor of the runnable pages: CodeMirror 6, with what a few lines of Python need.

import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { python } from "@codemirror/lang-python";
import {
  HighlightStyle, bracketMatching, indentOnInput, indentUnit, syntaxHighlighting,
} from "@codemirror/language";
import { EditorState } from "@codemirror/state";
import { EditorView, drawSelection, highlightSpecialChars, keymap } from "@codemirror/view";
import { tags } from "@lezer/highlight";

// The page's own colours, by the classes that Pygments gives them.
const colours = HighlightStyle.define([
  { tag: tags.keyword, class: "k" },
  { tag: tags.string, class: "s2" },
  { tag: tags.number, class: "mi" },
  { tag: tags.comment, class: "c1" },
  { tag: tags.definition(tags.function(tags.variableName)), class: "nf" },
  { tag: tags.operator, class: "o" },
]);

// A phone's keyboard may write “ for ": in Python quotes are straight.
const straight = EditorView.inputHandler.of((view, from, to, text) => {
  const insert = text.replace(/[“”„]/g, '"').replace(/[‘’‚]/g, "'");
  if (insert === text || !matchMedia("(pointer: coarse)").matches) return false;
  const selection = { anchor: from + insert.length };
  view.dispatch({ changes: { from, to, insert }, selection, userEvent: "input.type" });
  return true;
});

// An editor in `parent`; `run` is called by Shift+Enter, `changed` with each new text.
// Escape, then Tab, leaves it: a Tab alone indents.
export function edit({ parent, text, label, run, changed }) {
  const keys = [
    { key: "Shift-Enter", run: () => (run(), true) },
    { key: "Mod-Enter", run: () => (run(), true) },
    indentWithTab,
    ...defaultKeymap,
    ...historyKeymap,
  ];
  const quiet = {
    "aria-label": label, autocorrect: "off", autocapitalize: "off", spellcheck: "false",
    writingsuggestions: "false",
  };
  return new EditorView({
    parent,
    state: EditorState.create({
      doc: text,
      extensions: [
        history(), drawSelection(), highlightSpecialChars(), bracketMatching(), indentOnInput(),
        indentUnit.of("    "), python(), syntaxHighlighting(colours), keymap.of(keys),
        EditorView.lineWrapping, straight, EditorView.contentAttributes.of(quiet),
        EditorView.updateListener.of((u) => u.docChanged && changed(u.state.doc.toString())),
      ],
    }),
  });
}
