"""The verdict as a page that a phone reads in two seconds. It carries no script and loads nothing.

Everything shown goes through `escape`, and the page forbids itself scripts, frames and foreign
addresses by its headers, so that a hostile name in a record stays a name.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
}
MEDIA_TYPE = "text/html"  # the server adds the charset
GOOD, WARN, BAD, UNSURE = "good", "warn", "bad", "unsure"
SIGNS = {GOOD: "✓", WARN: "!", BAD: "✗", UNSURE: "?"}

_STYLE = """
:root{color-scheme:light dark;--ink:#14264a;--paper:#fff;--soft:#f1f4f9;--line:#d5dcea}
@media(prefers-color-scheme:dark){:root{--ink:#dfe7f7;--paper:#10151f;--soft:#1a2231;--line:#2c3850}}
*{box-sizing:border-box}body{margin:0;background:var(--soft);
color:var(--ink);font:17px/1.45 system-ui,"Noto Sans",sans-serif}
main{max-width:40rem;margin:0 auto;padding:1rem}header{padding:.6rem 0;font-weight:600}
.verdict{border-radius:14px;color:#fff;padding:1.2rem 1.2rem 1.1rem;display:flex;gap:1rem;align-items:center}
.verdict b{font-size:1.7rem;display:block;line-height:1.15;letter-spacing:.01em}
.sign{font-size:2.2rem;width:3.4rem;height:3.4rem;
border-radius:50%;background:#ffffff2e;display:grid;place-items:center;flex:none}
.good{background:#11683a}.warn{background:#8a5a00}.bad{background:#a3161f}.unsure{background:#475069}
.demo{background:repeating-linear-gradient(45deg,#a3161f,#a3161f 12px,#7d1118 12px,#7d1118 24px);
color:#fff;font-weight:700;
text-align:center;border-radius:10px;padding:.5rem;margin:.7rem 0}
section{background:var(--paper);border:1px solid var(--line);border-radius:14px;
padding:.4rem 1.1rem 1rem;margin-top:1rem}
dl{display:grid;grid-template-columns:auto 1fr;gap:.35rem 1rem;margin:.8rem 0 0}
dt{opacity:.7}dd{margin:0;font-weight:600;overflow-wrap:anywhere}
table{border-collapse:collapse;width:100%;font-size:.93rem}
th{text-align:left;font-size:.85rem;opacity:.75;padding:.9rem 0 .2rem}
td{padding:.28rem .3rem .28rem 0;border-top:1px solid var(--line);vertical-align:top}
td:first-child{white-space:nowrap}td.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
td.g{font-weight:700;width:3rem;text-align:right}
input,button{font:inherit;padding:.65rem .8rem;border-radius:10px;border:1px solid var(--line);width:100%}
button{background:#1d3a78;color:#fff;border:0;margin-top:.5rem;font-weight:600}label{display:block;margin-top:.9rem}
small{opacity:.75}a{color:inherit}ul{padding-left:1.2rem}
"""


def _page(title: str, institution: str, body: str) -> bytes:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body><main><header>{escape(institution)}</header>{body}</main></body></html>"
    ).encode()


def _banner(tone: str, words: str) -> str:
    sign = f'<span class="sign" aria-hidden="true">{SIGNS[tone]}</span>'
    return f'<div class="verdict {tone}" role="status">{sign}<div>{words}</div></div>'


def verdict_page(
    institution: str,
    *,
    tone: str,
    word: str,
    in_words: str,
    demo: bool = False,
    facts: Sequence[tuple[str, str]] = (),
    courses: Sequence[tuple[str, str, str, str, str]] = (),
    faults: Sequence[str] = (),
) -> bytes:
    """The page of a verdict. `tone` is good, warn, bad or unsure; `courses` are (term, code, title,
    credits, grade) in the order of the paper."""
    parts = [_banner(tone, f"<b>{escape(word)}</b>{escape(in_words)}")]
    if demo:
        parts.append('<p class="demo">DEMO – made with a demonstration key, not a valid document</p>')
    if facts:
        items = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts)
        parts.append(f"<section><dl>{items}</dl></section>")
    if faults:
        parts.append(
            "<section><ul>" + "".join(f"<li>{escape(fault)}</li>" for fault in faults) + "</ul></section>"
        )
    if courses:
        rows, last = [], None
        for term, code, title, credits, grade in courses:
            if term != last:
                rows.append(f'<tr><th colspan="4">{escape(term)}</th></tr>')
                last = term
            rows.append(
                f'<tr><td>{escape(code)}</td><td>{escape(title)}</td><td class="n">{escape(credits)}</td>'
                f'<td class="g">{escape(grade)}</td></tr>'
            )
        parts.append(
            "<section><table>"
            + "".join(rows)
            + "</table><p><small>Compare with the paper in your hand. What "
            "differs there is not ours.</small></p></section>"
        )
    parts.append('<p><small><a href="/verify/">Check another document</a></small></p>')
    return _page(f"{word} – {institution}", institution, "".join(parts))


def ask_page(institution: str, message: str = "") -> bytes:
    """The page that asks for a code or a file."""
    told = _banner(UNSURE, escape(message)) if message else ""
    return _page(
        f"Check a document – {institution}",
        institution,
        f"{told}<section><h1>Check a document</h1>"
        "<p>Scan the square code on the paper with your phone, or:</p>"
        '<form action="/verify/" method="get"><label for="code">Type serial and check code as printed</label>'
        '<input id="code" name="code" autocomplete="off" autocapitalize="characters" spellcheck="false" '
        'placeholder="TR-2026-000001.8F3K7Q2M"><button>Check the code</button></form>'
        '<form action="/verify/file/" method="post" enctype="multipart/form-data">'
        '<label for="file">Or choose the PDF file you were sent</label>'
        '<input id="file" name="file" type="file" accept="application/pdf">'
        "<button>Check the file</button></form></section>",
    )
