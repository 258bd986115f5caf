"""The pages: which there are, their order, their titles and anchors."""

import functools
import re

import tree

# The order in which the book is read; any other page follows by name.
ORDER = [
    "README.md", "first-hour.md", "0-protocol.md", "1-iterative.md",
    "2-forking.md", "3-threading.md", "4-timeout_poll.md", "5-select.md",
    "6-epoll.md", "7-further.md", "seeds.md", "demo.md", "how-to.md",
    "method.md", "reference.md", "glossary.md", "reliability.md",
    "security.md",
]


def names():
    there = {path.name for path in tree.DOCS.glob("*.md")}
    return [name for name in ORDER if name in there] + \
        sorted(there - set(ORDER))


def with_readme():
    """The pages, and the README at the top of the tree."""
    return ["../README.md", *names()]


def shown(name):
    """A page's path from the top of the tree."""
    return (tree.DOCS / name).resolve().relative_to(tree.ROOT)


def text(name):
    return (tree.DOCS / name).read_text(encoding="utf-8")


def without_code(page):
    return re.sub(r"^(```+|~~~+).*?^\1$", "", page, flags=re.M | re.S)


def title(name):
    match = re.search(r"^# (.*)$", without_code(text(name)), re.M)
    return match.group(1) if match else name


def anchors(name):
    """What a link to this page may name after its #, as GitHub makes it."""
    found = set(re.findall(r'<a id="([^"]+)"', text(name)))
    for heading in re.findall(r"^#+ +(.*)$", without_code(text(name)), re.M):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        found.add(re.sub(r"[^\w\- ]", "", plain.lower()).strip()
                  .replace(" ", "-"))
    return found


@functools.cache
def calls():
    """The system calls that the glossary explains: name -> anchor."""
    page = text("glossary.md")
    return {name: name for name in re.findall(r'<a id="(\w+)"', page)}
