"""What the pages draw: a module for each entry, a function for each figure.

A figure `figure_NAME()` returns a Matplotlib figure of what the snippets
compute.  Nothing here is shown as code; the snippets know nothing of it.

The colours are read on white, turned over on a dark page, by eyes that see
no red or no green, and the first ones in print without colour.
"""

INK = "#1a1a1a"
COLOURS = ["#1a5480", "#cf6a1e", "#2a8c72", "#b268cc", "#6b4a12", "#71777f"]
DASHES = ["-", "--", ":", "-.", (0, (6, 1, 1, 1, 1, 1))]  # tell lines in grey
HATCHES = ["", "///", "..", "xx"]  # tell areas in grey
STYLE = {
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "font.family": "DejaVu Sans",
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "lines.linewidth": 1.4,
    "legend.frameon": False,
    "figure.constrained_layout.use": True,
}


def canvas(columns=1, height=2.6, rows=1, **options):
    """A figure as wide as the text, and its axes; height in inches."""
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams.update(STYLE)
    matplotlib.rcParams["axes.prop_cycle"] = matplotlib.cycler(color=COLOURS)
    from matplotlib import pyplot

    return pyplot.subplots(
        rows, columns, figsize=(6.3, height), squeeze=True, **options
    )
