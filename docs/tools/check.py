"""
make docs-check: do the pages show only what the tree has?

  - a generated part that is committed is what the tree gives now;
  - what stands by hand for a listing, a diff or a help text has a link or an
    excerpt, and an excerpt is taken from the whole, word for word and in its
    order, with ... for what was left out;
  - any other line of C is a line of some source;
  - a link leads to a file or a heading that is there; one that is called
    name() leads to a source that has this function, and none leads to lines
    by number, which move;
  - a path in a code span is in the tree or is built from it;
  - an option after one of our programs, or alone in a code span, is one
    that --help names; a make target is one of the Makefile's;
  - no room of the house includes one above it: docs/tools/house.py.
"""

import functools
import re
import shlex
import sys

import blocks
import house
import pages
import tree

HEAD = re.compile(r"^<!-- ([a-z]+):[^\n]*-->$", re.M)
FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```$", re.M | re.S)
SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
LINK = re.compile(r"\[([^\]]*)\]\(([^)\s]+)\)")
TOP = re.compile(r"^(?:build/)?(?:bench|common|demo|docs|tests|iterative|"
                 r"forking|threading|timeout_poll|select|epoll)/[\w./-]+$")
OPTION = re.compile(r"(--[a-z][a-z0-9-]*)(?:=|$)")
# argp's own, and strace's, which the text names without the program.
FOREIGN = {"--help", "--version", "--usage", "--inject"}


@functools.cache
def source_lines():
    lines = set()
    for path in tree.run("git", "ls-files", "--cached", "--others",
                         "--exclude-standard", "*.c", "*.h").split():
        lines.update(squeeze(line) for line in tree.text(path).splitlines())
    return lines


def squeeze(line):
    return re.sub(r"\s+", " ", line).strip()


@functools.cache
def all_options():
    found = set(FOREIGN)
    for path in tree.commands():
        found |= tree.options(path)
    return found


@functools.cache
def targets():
    return set(re.findall(r"^([a-z][a-z-]*):", tree.text("Makefile"), re.M))


def check_generated(name, page):
    problems = []
    if blocks.fill(name, page, problems) != page:
        yield "a generated part is old; run `make docs`"
    yield from problems


def missing(excerpt, whole):
    """The first lines of an excerpt that do not follow in the whole."""
    whole = [line.rstrip() for line in whole.splitlines()]
    at = 0
    for piece in re.split(r"^ *\.\.\. *$", excerpt, flags=re.M):
        lines = [line.rstrip() for line in piece.strip("\n").splitlines()]
        while lines and whole[at:at + len(lines)] != lines:
            if at == len(whole):
                return lines[0]
            at += 1
        at += len(lines)
    return None


def check_ends(name, page):
    """A part without an end would be passed over, or take the next one."""
    heads = [match for match in HEAD.finditer(page)
             if match[1] in blocks.KINDS]
    ends = [match.start() for match in heads[1:]] + [len(page)]
    for head, end in zip(heads, ends):
        if "\n<!-- end -->" not in page[head.end():end]:
            yield f"{head[0]}: no <!-- end --> follows"


def check_by_hand(name, page):
    for kind, args, body in blocks.by_hand(page):
        head = f"<!-- {kind}: {' '.join(args)} -->"
        whole = blocks.generate(kind, " ".join(args))
        if kind == "diff" and tuple(args) not in tree.neighbours():
            yield f"{head}: docs/pairs has no such pair"
        if not body.strip():
            yield f"{head}: nothing stands for it on the bare page"
        for language, excerpt in FENCE.findall(body):
            if language == "sh":  # how to see the whole
                continue
            line = missing(excerpt, whole)
            if line is not None:
                yield f"{head}: the excerpt that begins with `{line}` " \
                    "is not in it"


def check_c(name, page):
    for language, body in FENCE.findall(blocks.strip(page)):
        if language != "c":
            continue
        for line in body.splitlines():
            if squeeze(line) and squeeze(line) not in source_lines():
                yield f"no source has this line: {line.strip()}"


def check_source_link(words, anchor, file):
    path = str(file.relative_to(tree.ROOT))
    named = re.fullmatch(r"`(\w+)\(\)`", words)
    if anchor:
        yield f"link to {path}#{anchor}: lines move; name the function"
    if named:
        tree.function(path, named[1])


def check_links(name, page):
    for words, target in LINK.findall(FENCE.sub("", page)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        if path == "side-by-side.html":
            continue
        here = tree.DOCS / name
        file = (here.parent / path if path else here).resolve()
        if not file.exists():
            yield f"link to {target}: no such file"
        elif anchor and file.parent == tree.DOCS and \
                anchor not in pages.anchors(file.name):
            yield f"link to {target}: no such heading"
        elif file.suffix in (".c", ".h"):
            yield from check_source_link(words, anchor, file)


def check_path(path):
    if not TOP.match(path):
        return None
    if path.startswith("build/"):
        there = path.startswith(("build/docs/", "build/tests/unit")) or any(
            program.startswith(path) for program in tree.programs())
    else:
        there = (tree.ROOT / path).exists() or path in tree.models()
    return None if there else f"{path}: not in the tree"


def check_command(line):
    """A line of shell: our programs, their options, make's targets."""
    try:
        words = shlex.split(line.rstrip("\\"), comments=True)
    except ValueError:  # a quote that goes on in the next line
        return
    ours = None
    for i, word in enumerate(words):
        if word in ("|", "&", "&&", "||", ";", "do", "then") or \
                word.endswith(";"):
            ours = None
        elif word.removeprefix("./") in tree.commands():
            ours = word.removeprefix("./")
        elif word == "make" and ours is None:
            for target in words[i + 1:]:
                if not re.fullmatch(r"[a-z][a-z-]*", target):
                    break
                if target not in targets():
                    yield f"make {target}: no such target"
        elif ours and OPTION.match(word):
            option = OPTION.match(word)[1]
            if option not in tree.options(ours) | FOREIGN:
                yield f"{ours} has no option {option}"
        problem = check_path(word.removeprefix("./"))
        if problem:
            yield problem


def check_shell(name, page):
    for language, body in FENCE.findall(blocks.strip(page)):
        if language == "sh":
            for line in body.splitlines():
                yield from check_command(line)


def check_spans(name, page):
    for span in SPAN.findall(FENCE.sub("", blocks.strip(page))):
        alone = OPTION.match(span.split()[0])
        if alone:
            if alone[1] not in all_options():
                yield f"`{span}`: no program here has this option"
        elif " " in span:
            yield from check_command(span)
        else:
            problem = check_path(span)
            if problem:
                yield problem


CHECKS = (check_ends, check_generated, check_by_hand, check_c, check_links,
          check_shell, check_spans)


def problems_of(check, name, page):
    try:
        yield from check(name, page)
    except tree.Problem as problem:  # the check could not go on
        yield problem


def check_all():
    failed = 0
    for name in pages.with_readme():
        page = pages.text(name)
        for check in CHECKS:
            for problem in problems_of(check, name, page):
                print(f"{pages.shown(name)}: {problem}", file=sys.stderr)
                failed += 1
    for problem in house.problems():
        print(problem, file=sys.stderr)
        failed += 1
    return failed
