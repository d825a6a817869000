"""Pages that are one file, need no network and cannot be broken by what they show.

Owns the frame of a page, its policy against every request, our own scripts and styles, and Plotly
inside it.
"""

from __future__ import annotations

from importlib import resources

from likewise.display.markup import Html, join, plain, tag

__all__ = ["page", "part", "plotly"]


def part(name: str) -> Html:
    """Return a file of page_parts: a script or a style of our own."""
    found = resources.files("likewise.pages") / "parts" / name
    return Html(found.read_text(encoding="utf-8"))


def plotly() -> Html:
    """Return Plotly's script, from the Python package."""
    try:
        from plotly.offline import get_plotlyjs
    except ImportError as error:
        raise ImportError("a page needs plotly: pip install 'likewise[viz]'") from error
    return Html(get_plotlyjs())


def page(
    title: str,
    body: Html,
    *,
    scripts: list[Html],
    later: Html | None = None,
    evaluates: bool = False,
) -> str:
    """Return a whole page.

    Parameters
    ----------
    title : str
        Escaped here.
    body : Html
        What stands in it.
    scripts : list of Html
        Sources, run in this order after the body.
    later : Html, optional
        A large source, kept as text until a script wants it run: reading it takes a browser longer
        than all the rest.
    evaluates : bool
        Allow scripts to make functions of text, which Plotly's WebGL drawing does.
    """
    policy = (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data: blob:; font-src data:; "
        "script-src 'unsafe-inline'" + (" 'unsafe-eval'" if evaluates else "")
    )
    blocks = "\n".join(f"<script>{source}</script>" for source in scripts)
    if later is not None:
        blocks += f'\n<script type="text/plain" id="later">{later}</script>'
    head = join(
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("title", plain(title)),
        Html(f"<style>{part('page.css')}</style>"),
    )
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n{head}\n</head>\n'
        f"<body>\n{body}\n{blocks}\n</body>\n</html>\n"
    )
