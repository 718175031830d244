/* What the scripts of the book say in another language, for Sphinx's own function “_”. */
Object.assign(Documentation.TRANSLATIONS, JSON.parse(document.currentScript.dataset.words));
