"""The content security policy stands on every built page, and no page asks for more.

Reads what ``make html`` left in build/html; tests/editions hold it in a browser.
"""

import re
from pathlib import Path

HTML = Path(__file__).resolve().parents[2] / "build" / "html"
POLICY = re.compile(
    r'<head>\s*<meta http-equiv="Content-Security-Policy" content="([^"]*)">', re.ASCII
)
WANTED = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "object-src": "'none'",
}


def pages():
    found = {path: path.read_text("utf-8") for path in HTML.rglob("*.html")}
    assert found, "no built book: run make html first"
    return found


def test_the_policy_is_the_first_thing_in_every_head():
    for path, text in pages().items():
        policy = POLICY.search(text)
        assert policy, path
        assert dict(part.strip().split(" ", 1) for part in policy[1].split(";")) == WANTED


def test_no_page_holds_a_script_or_asks_for_one_elsewhere():
    for path, text in pages().items():
        for attributes in re.findall(r'<script(?! type="application/ld\+json")([^>]*)>', text):
            source = re.search(r'src="([^"]*)"', attributes)
            assert source and "//" not in source[1], (path, attributes)
        assert not re.search(r"<[a-z][^>]*\son[a-z]+=", text), path
