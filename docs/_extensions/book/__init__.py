"""What this book adds to a verified one with a ledger: cards, reading path, web and print."""

ROOMS = (
    "reading",
    "card",
    "aids",
    "downloads",
    "exercises",
    "web.head",
    "web.crawlers",
    "web.highlighting",
    "web.furo",
    "web.editions",
    "print.edition",
)


def setup(app):
    for room in ROOMS:
        app.setup_extension(f"{__name__}.{room}")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
