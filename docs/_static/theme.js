// The reader's choice of light or dark, set before anything is painted.
document.body.dataset.theme = localStorage.getItem("theme") || "auto";
