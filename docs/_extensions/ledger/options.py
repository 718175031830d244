"""What stands behind ``:was:``, ``:kind:`` and ``:also:`` of an ``{annotation}``."""

import re
from datetime import date

from ledger.messages import LEDGER
from ledger.records import KINDS, VERDICTS, Change


def changes(text: str) -> list[Change]:
    """``VERDICT, DATE, reason``, several of them separated by strokes, the oldest first."""
    return [change(part.strip()) for part in text.split("|")]


def change(text):
    verdict, day, reason = ([part.strip() for part in text.split(",", 2)] + ["", ""])[:3]
    if verdict not in VERDICTS or not is_date(day) or not reason:
        raise ValueError(LEDGER.text("was_form", text))
    return Change(verdict, day, " ".join(reason.split()))


def is_date(text):
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def kind(text: str) -> tuple[str, str | None]:
    """``KIND``, or ``KIND, case``."""
    name, _, case = (part.strip() for part in text.partition(","))
    if name not in KINDS:
        raise ValueError(LEDGER.text("unknown_kind", ", ".join(KINDS), name))
    return name, case or None


def ids(text: str) -> list[str]:
    """Ids of claims, such as ``7.11``."""
    found = text.split()
    if not found or not all(re.fullmatch(r"\w+\.\d+", id_) for id_ in found):
        raise ValueError(LEDGER.text("also_form", text))
    return found
