"""The static site: pages, side-by-side.html, sources. No network needed."""

import html
import json
import pathlib
import re
import shutil
import subprocess

import blocks
import pages
import tree

SITE = tree.DOCS / "site"
CODE_LINE = re.compile(
    r'<span id="[^"]*"><a href="[^"]*"[^>]*></a>(.*)</span>$')


def pandoc(markdown):
    done = subprocess.run(
        ["pandoc", "-f", "gfm", "-t", "html5", "--wrap=preserve"],
        input=markdown, text=True, capture_output=True, check=False)
    if done.returncode != 0:
        raise tree.Problem(f"pandoc: {done.stderr.strip()}")
    return done.stdout


def link_calls(code, prefix=""):
    """A system call in highlighted code leads to the glossary."""
    def one(match):
        name = match.group(1)
        anchor = pages.calls().get(name)
        if anchor is None:
            return match.group(0)
        return (f'<a class="call" href="{prefix}glossary.html#{anchor}">'
                f'{name}</a>{match.group(2)}')

    # Neither a definition nor a use in a comment or a string is a call.
    parts = re.split(r'(<span class="(?:co|st|im|pp)">.*?</span>)', code)
    parts[::2] = [re.sub(r'\b([a-z_]\w+)((?:</span><span class="op">|'
                         r'<span class="op">)?\()', one, part)
                  for part in parts[::2]]
    return "".join(parts)


def highlight(path, prefix=""):
    """A source's lines as HTML, one string a line; prefix leads to docs."""
    body = tree.text(path)
    page = pandoc(f"~~~~~~ c\n{body}~~~~~~\n")
    code = re.search(r"<code[^>]*>(.*)</code>", page, re.S).group(1)
    lines = []
    for line in code.split("\n"):
        match = CODE_LINE.match(line)
        lines.append(link_calls(match.group(1) if match else line, prefix))
    return lines


# --- one page --------------------------------------------------------------

def frame(title, main, root="", extra="", body_class=""):
    template = (SITE / "page.html").read_text(encoding="utf-8")
    for key, value in (("title", html.escape(title)), ("root", root),
                       ("class", body_class), ("extra", extra),
                       ("main", main)):
        template = template.replace("{{" + key + "}}", value)
    return template


def local_links(body, root=""):
    """Links between Markdown files become links between pages."""
    def one(match):
        target, _, anchor = match.group(1).partition("#")
        anchor = f"#{anchor}" if anchor else ""
        if re.match(r"[a-z]+:", target) or not target:
            return match.group(0)
        if target == "README.md":
            target = "index.html"
        elif target.endswith(".md") and not target.startswith("../"):
            target = target[:-3] + ".html"
        elif target.startswith("../"):
            target = source_page(target[3:])
        elif (tree.DOCS / target).is_dir():
            target = f"{target}/index.html"
        return f'href="{root}{target}{anchor}"'
    return re.sub(r'href="([^"]*)"', one, body)


def source_page(path):
    return f"source/{path}.html"


def inline_pictures(body):
    """Drawings and plots go into the page, so that they take its colours."""
    def one(match):
        svg = (tree.DOCS / match.group(1)).read_text(encoding="utf-8")
        svg = svg[svg.index("<svg"):]
        drawn = match.group(1).startswith("diagrams/")
        kind = "drawing" if drawn else "plot"
        return f'<figure class="{kind}">{svg}</figure>'
    return re.sub(r'<p><img\s+src="((?:diagrams|figures)/[^"]+\.svg)"'
                  r'[^>]*/></p>', one, body)


def wide(body):
    """A table that is wider than a phone scrolls by itself."""
    return re.sub(r"<table>(.*?)</table>",
                  r'<div class="wide"><table>\1</table></div>', body,
                  flags=re.S)


def neighbours(name):
    names = [page for page in pages.names() if page != "README.md"]
    links = []
    if name in names:
        i = names.index(name)
        if i > 0:
            links.append(("prev", names[i - 1], "← "))
        if i + 1 < len(names):
            links.append(("next", names[i + 1], "→ "))
    items = "".join(
        f'<a rel="{rel}" href="{target[:-3]}.html">{arrow}'
        f'{html.escape(pages.title(target))}</a>'
        for rel, target, arrow in links)
    return f'<nav class="turn">{items}</nav>'


def page(name):
    body = pandoc(blocks.whole(name, pages.text(name)))
    # A heading with anchors of its own needs none of pandoc's.
    body = re.sub(r'<h3 id="[^"]*">(?=\s*<a\s+id=)', "<h3>", body)
    body = inline_pictures(wide(body))
    body = re.sub(
        r'(<code class="sourceCode c">)(.*?)(</code>)',
        lambda match: match[1] + link_calls(match[2]) + match[3], body,
        flags=re.S)
    return frame(pages.title(name), local_links(body) + neighbours(name))


# --- side by side ----------------------------------------------------------

def comparison():
    """What side-by-side.html needs: sources as HTML, pairs as hunks."""
    models = tree.models()
    sources = {name: tree.source(name) for name in models}
    pairs = {f"{a} {b}": tree.changes(sources[a], sources[b])
             for i, a in enumerate(models) for b in models[i + 1:]}
    return {
        "models": [{"name": name, "lines": highlight(sources[name])}
                   for name in models],
        "pairs": pairs,
    }


def side_by_side():
    data = json.dumps(comparison(), separators=(",", ":"))
    data = data.replace("</", "<\\/")  # or a line could end the script
    main = (SITE / "side-by-side.html").read_text(encoding="utf-8")
    extra = (f'<script type="application/json" id="data">{data}</script>\n'
             '<script src="side-by-side.js" defer></script>')
    return frame("Side by side", main, extra=extra, body_class="wall")


# --- all of it -------------------------------------------------------------

def write(out, path, content):
    file = out / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content, encoding="utf-8")


def write_sources(out):
    linked = set()
    for name in pages.names():
        linked.update(re.findall(r"\]\(\.\./([^)#]+)",
                                 blocks.whole(name, pages.text(name))))
    for path in sorted(linked):
        root = "../" * (path.count("/") + 1)
        if not (tree.ROOT / path).exists():
            continue  # `make docs-check` says so
        if path.endswith(".md"):
            main = local_links(pandoc(tree.text(path)), root)
        elif (tree.ROOT / path).is_dir():
            continue
        else:
            code = ("\n".join(highlight(path, root))
                    if path.endswith((".c", ".h"))
                    else html.escape(tree.text(path)))
            main = (f"<h1>{html.escape(path)}</h1>\n<pre><code>{code}"
                    "</code></pre>")
        write(out, source_page(path), frame(path, main, root))


def build(out):
    out = pathlib.Path(out)
    shutil.rmtree(out, ignore_errors=True)
    for name in pages.names():
        target = "index" if name == "README.md" else name[:-3]
        write(out, f"{target}.html", page(name))
    write(out, "side-by-side.html", side_by_side())
    write_sources(out)
    for asset in ("style.css", "theme.js", "side-by-side.js"):
        shutil.copy(SITE / asset, out / asset)
    for folder in ("faults", "figures", "img"):
        if (tree.DOCS / folder).is_dir():
            shutil.copytree(tree.DOCS / folder, out / folder)
    return out
