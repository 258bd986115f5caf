"""
The parts of the pages that are made from the tree. A page says what it wants:

    <!-- listing: forking/server.c -->
    [forking/server.c](../forking/server.c)
    <!-- end -->

What the tree itself holds is not committed twice. Between the two lines
stands what a reader of the bare page needs, written by hand: a link, and a
few lines of the whole. The site has the whole in their place:

    listing: FILE            the whole file
    function: FILE NAME ...  functions of it
    diff: MODEL MODEL        what `make diff` shows
    help: PROGRAM            what its --help prints
    helps:                   of every command that has options of its own
    labels: [MODEL ...]      a table of the servers' labels; none: of all
    targets:                 a table of what `make help` lists
    faults:                  the matrix that `make faults` made

What was measured, or can be seen only by running something, is committed,
and `docs/tools/book update` makes it anew:

    models: RUN              all labels, with what that run measured
    peers: RUN               what it measured of others' servers
    programs:                a table of what is built
    rooms:                   the house, drawn from the #includes
    plot: RUN/PLOT           of a committed run, by the plot's file
    table: RUN/PLOT [MODEL ...]  its figures
    ratios: RUN EXPERIMENT   what was judged in pairs
    include: FILE            Markdown that a program wrote, once it is there
    promises:                a table of the contract's promises
    held:                    what `make load` measured of each model
    million:                 and of a million connections
    soak:                    what `make soak` measured
"""

import os.path
import re

import figures
import reliability
import tree

BLOCK = re.compile(
    r"^<!-- (?P<kind>[a-z]+):(?P<args>[^\n]*?) *-->\n"
    r"(?P<body>.*?)^<!-- end -->$", re.M | re.S)


def fenced(language, body):
    return f"```{language}\n{body.rstrip()}\n```"


def listing(path):
    return fenced("c" if path.endswith((".c", ".h")) else "",
                  tree.text(path))


def function(path, *names):
    return fenced("c", "\n\n".join(tree.function(path, name)
                                   for name in names))


def diff(a, b):
    return fenced("diff", tree.diff(a, b))


def help_of(name):
    return fenced("", tree.help_text(name))


def helps():
    """The --help of all commands but of servers without own options."""
    shared = tree.options("iterative")
    parts = []
    for path in tree.commands():
        if tree.options(path) != shared:
            parts.append(f"### {path}\n\n{help_of(path)}")
    return "\n\n".join(parts)


def labels(*models, columns=None):
    """columns: what else is said of each, heading -> model -> text."""
    if columns is None:
        columns = {"differs by": {name: tree.label(name).get("Differs by", "")
                                  for name in tree.models()}}
    heads = ["model", "waits in", "a client is", "stops at", *columns]
    rows = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for model in models or tree.models():
        card = tree.label(model)
        cells = [f"[`{model}`]({tree.source(model)})"]
        cells += [card.get(key, "").replace("|", "\\|")
                  for key in tree.LABEL_KEYS[:3]]
        cells += [column.get(model, "") for column in columns.values()]
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def models_of(run):
    """The labels and, once the run is there, what it measured."""
    columns = figures.measured(run)
    table = labels(columns=columns)
    return f"{table}\n\n{figures.source(run)}" if columns else table


def peers_of(run):
    """What a run measured of servers that are not of this tree."""
    columns = figures.measured(run)
    if not columns:
        return ""
    rows = ["| server | " + " | ".join(columns) + " |",
            "|---" * (1 + len(columns)) + "|"]
    for name in next(iter(columns.values())):
        if name == "epoll" or name not in tree.models():
            cells = [column.get(name, "") for column in columns.values()]
            rows.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(rows) + f"\n\n{figures.source(run)}"


def programs():
    rows = ["| program | what it is |", "|---|---|"]
    for path in tree.commands():
        head = tree.help_text(path).split("\n\n", 1)[0]
        about = " ".join(line for line in head.splitlines()
                         if not line.startswith((" ", "Usage")))
        rows.append(f"| `{path}` | {about} |")
    return "\n".join(rows)


def targets():
    """What `make help` lists."""
    rows = ["| command | what it does |", "|---|---|"]
    rows += [f"| `make {name}` | {about} |" for name, about in re.findall(
        r"^([a-z-]+):.*?## (.*)$", tree.text("Makefile"), re.M)]
    return "\n".join(rows)


def promises():
    """The contract's words, from the table that the checks print."""
    rows = ["| | every echo server promises |", "|---|---|"]
    for number, words in re.findall(r"\[(P\d+)\] =(.*?),$",
                                    tree.text("tests/contract_promises.c"),
                                    re.M | re.S):
        text = "".join(re.findall(r'"(.*?)"$', words, re.M))
        rows.append(f"| **{number}** | {text} |")
    return "\n".join(rows)


def include(path):
    there = (tree.ROOT / path).is_file()
    return tree.text(path).rstrip() if there else ""


def faults():
    """What stands below the title of the matrix."""
    path = "docs/faults/matrix.md"
    if not (tree.ROOT / path).is_file():
        return ""
    return tree.text(path).split("\n", 1)[1].strip()


# The site alone has these in full.
WHOLE = {
    "listing": listing, "function": function, "diff": diff, "help": help_of,
    "helps": helps, "labels": labels, "targets": targets, "faults": faults,
}
COMMITTED = {
    "models": models_of, "peers": peers_of, "programs": programs,
    "ratios": figures.ratios, "plot": figures.plot, "table": figures.table,
    "include": include, "held": reliability.held,
    "million": reliability.million, "soak": reliability.soak,
    "promises": promises,
}
KINDS = WHOLE | COMMITTED


def generate(kind, args):
    if kind not in KINDS:
        raise tree.Problem(f"<!-- {kind}: -->: there are: "
                           f"{', '.join(KINDS)}")
    return KINDS[kind](*args.split())


def relink(body, name):
    """Links are made from the top of the tree; a page has its own place."""
    if "```" in body:
        return body
    page = (tree.DOCS / name).parent.resolve()
    return re.sub(r"\]\(([^)#:]+)\)", lambda match: "](" + os.path.relpath(
        tree.ROOT / match[1], page) + ")", body)


def fill(name, page, problems, kinds=COMMITTED):
    """
    A page's text with its parts of these kinds as the tree has them now. A
    part that can't be made stays as it is, and problems receives why.
    """
    def one(match):
        head = f"<!-- {match['kind']}:{match['args']} -->"
        if match["kind"] in KINDS and match["kind"] not in kinds:
            return match[0]
        try:
            body = relink(generate(match["kind"], match["args"]), name)
        except (tree.Problem, TypeError) as problem:
            problems.append(f"{head}: {problem}")
            return match[0]
        return f"{head}\n{body}\n<!-- end -->" if body else \
            f"{head}\n<!-- end -->"
    return BLOCK.sub(one, page)


def whole(name, page):
    """The page as the site shows it."""
    problems = []
    filled = fill(name, page, problems, WHOLE)
    if problems:
        raise tree.Problem("; ".join(problems))
    return filled


def by_hand(page):
    """The parts that stand for a whole: kind, arguments, what is there."""
    for match in BLOCK.finditer(page):
        if match["kind"] in WHOLE:
            yield match["kind"], match["args"].split(), match["body"]


def strip(page):
    """What a person wrote."""
    return BLOCK.sub(
        lambda match: match["body"] if match["kind"] in WHOLE else "", page)
