"""What the tree has: models, sources, programs, their options."""

import functools
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"


class Problem(Exception):
    """Something on a page that the tree does not bear out."""


def run(*command):
    """What a command prints; its failure is a Problem."""
    try:
        done = subprocess.run(command, cwd=ROOT, text=True,
                              capture_output=True, check=False)
    except OSError as error:
        raise Problem(f"{command[0]}: {error.strerror}") from None
    if done.returncode != 0:
        raise Problem(f"{' '.join(command)}: status {done.returncode}: "
                      f"{done.stderr.strip()}")
    return done.stdout


def text(path):
    try:
        return (ROOT / path).read_text(encoding="utf-8")
    except OSError as error:
        raise Problem(f"{path}: {error.strerror}") from None


@functools.cache
def models():
    """The echo servers, in the Makefile's order."""
    return run("make", "-s", "--no-print-directory", "models").split()


def source(model):
    """The file that tells a model: forking -> forking/server.c."""
    for path in (f"{model}/server.c", f"{model}.c"):
        if (ROOT / path).is_file():
            return path
    raise Problem(f"{model}: no such model; there are: {' '.join(models())}")


@functools.cache
def neighbours():
    """The pairs of models that are told as a difference."""
    return {tuple(line.split()[:2]) for line in
            text("docs/pairs").splitlines() if not line.startswith("#")}


@functools.cache
def programs():
    """Every program that is built: build/select/chat."""
    return run("make", "-s", "--no-print-directory", "programs").split()


@functools.cache
def commands():
    """What a reader runs: programs and scripts that say what they take."""
    # Helpers of the tests and of the benchmark's own test are not among
    # them; villain is for lectures, too. A script stands before its program.
    scripts = ["bench/run", "bench/report", "bench/selfcheck"]
    hidden = {"build/bench/run", "build/bench/report",
              "build/bench/selfcheck", "build/bench/bare",
              "build/bench/delay"}
    return [path for path in programs()
            if path not in hidden and not path.startswith("build/tests/")
            or path == "build/tests/villain"] + scripts


def program(name):
    """A program by its model's name or its path."""
    for path in (f"build/{name}/server", f"build/{name}", name):
        if path in commands() or (ROOT / path).is_file():
            return path
    raise Problem(f"{name}: no such program")


@functools.cache
def help_text(name):
    return run(program(name), "--help")


@functools.cache
def options(name):
    """The long options that a program's --help names."""
    return set(re.findall(r"--[a-z][a-z0-9-]*", help_text(name)))


LABEL_KEYS = ("Waits in", "A client is", "Stops at", "Differs by", "Chapter")


def label(model):
    """A server's museum card: its keys and values."""
    card = text(source(model)).split("*/", 1)[0]
    card = re.sub(r"\n \*(?=   +\S)(?! (?:%s))" % "|".join(LABEL_KEYS), " ",
                  card)
    found = {}
    for key in LABEL_KEYS:
        match = re.search(rf"^ \* {key} +(.*)$", card, re.M)
        if match:
            found[key] = re.sub(r"\s+", " ", match.group(1)).strip()
        elif key != "Differs by" or model != "iterative":
            raise Problem(f"{source(model)}: the label has no line that "
                          f"begins with `{key}`")
    return found


def changes(a, b):
    """
    What `make diff` shows between two files, as hunks: lines a0 ... a1 of
    the one stand where b0 ... b1 of the other stand (from 0, end excluded).
    """
    if a == b:
        return []
    done = subprocess.run(
        ["git", "diff", "--no-index", "--no-prefix", "-U0", a, b], cwd=ROOT,
        text=True, capture_output=True, check=False)
    hunks = []
    for match in re.finditer(
            r"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@", done.stdout,
            re.M):
        a0, an, b0, bn = (1 if part is None else int(part)
                          for part in match.groups())
        a0 -= an > 0  # a hunk without lines names the line before it
        b0 -= bn > 0
        hunks.append([a0, a0 + an, b0, b0 + bn])
    return hunks


def diff(a, b):
    """The text of `make diff A=a B=b`, without git's own header."""
    done = subprocess.run(
        ["git", "diff", "--no-index", "--no-prefix", "--no-color",
         source(a), source(b)], cwd=ROOT, text=True, capture_output=True,
        check=False)
    lines = done.stdout.splitlines()
    start = next((i for i, line in enumerate(lines)
                  if line.startswith("--- ")), len(lines))
    # The function named after @@ is git's guess at the old file's.
    return "\n".join(re.sub(r"^(@@ .*? @@).*", r"\1", line)
                     for line in lines[start:])


def function(path, name):
    """A function of a C file, with the comment right before it."""
    lines = text(path).splitlines()
    for start, line in enumerate(lines):
        if re.match(rf"\w[\w \*]*\b{re.escape(name)}\(", line) \
                and not line.endswith(";"):
            break
    else:
        raise Problem(f"{path}: no function {name}()")
    end = lines.index("}", start)
    if start and lines[start - 1].endswith("*/"):
        start -= 1
        while not lines[start].startswith("/*"):
            start -= 1
    return "\n".join(lines[start:end + 1])
