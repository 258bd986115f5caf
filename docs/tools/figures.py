"""
Figures of a real run. A run's directory, as bench/run wrote it, is committed
as docs/figures/RUN/, and the newest counts. Without one a page shows nothing
in the figure's place: no number stands there that nobody measured.
"""

import csv
import re

import tree

FIGURES = tree.DOCS / "figures"


def newest():
    """The run whose figures are shown; None when there is none."""
    runs = sorted(path.parent for path in FIGURES.glob("*/manifest.json"))
    return runs[-1] if runs else None


def find(name, ending):
    run = newest()
    if run is None:
        return None
    path = run / "plots" / f"{name}.{ending}"
    if not path.is_file():
        raise tree.Problem(f"run {run.name} has no plot {name}")
    return path


def source(run):
    """Whose figures these are, and how to see the rest of them."""
    report = run / "report.html"
    link = f"[its report](figures/{run.name}/report.html)" \
        if report.is_file() else "its report was not kept"
    return f"*Run `{run.name}`; {link}.*"


def plot(name):
    """A plot by the name of its file: churn-cpu."""
    path = find(name, "svg")
    if path is None:
        return ""
    return (f"![{name}]({path.relative_to(tree.DOCS)})\n\n"
            f"{source(newest())}")


def curves(path):
    """
    What a plot shows: for each curve its name and its points, x -> what the
    plot says there ("10.1k (9.8k to 10.3k, 4 slices)").
    """
    found = {}
    lines = path.read_text(encoding="utf-8").splitlines()
    header = lines[0].split(",") if lines else []
    for row in csv.reader(line for line in lines
                          if line and line != lines[0]):
        point = dict(zip(header, row))
        # "select at 0: 63.2k (...)": a plot's own x may be moved, to show 0
        # on a logarithmic axis.
        said = re.match(r".*?(?: at ([^:]+))?: (.*)", point["about"])
        if said:  # not what was computed and is drawn to compare with
            x = said[1] or point["x"]
            found.setdefault(point["name"], {})[x] = said[2]
    return found


def number(x):
    """An x as the plots write it: 0, 1000, "1 KiB"; for the order of rows."""
    match = re.match(r"([\d.]+) ?([kKM]?)", x)
    scale = {"": 1, "k": 1000, "K": 1024, "M": 1024 ** 2}
    return float(match[1]) * scale[match[2]] if match else 0


def table(name, *models):
    """The figures of a plot; of these models alone, if any are named."""
    path = find(name, "csv")
    if path is None:
        return ""
    shown = {model: points for model, points in curves(path).items()
             if not models or model in models}
    missing = set(models) - set(shown)
    if missing:
        raise tree.Problem(f"plot {name} has no {', '.join(missing)}")
    if all(len(points) == 1 for points in shown.values()):
        rows = ["| model | median (min to max) |", "|---|---|"]
        rows += [f"| {model} | {says} |" for model, points in shown.items()
                 for says in points.values()]
    else:
        xs = sorted({x for points in shown.values() for x in points},
                    key=number)
        label = re.search(r'^set xlabel "(.*?)"',
                          find(name, "gp").read_text(encoding="utf-8"), re.M)
        rows = [f"| {label[1] if label else 'x'} | " + " | ".join(shown) + " |",
                "|---|" + "---|" * len(shown)]
        rows += [f"| {x} | " + " | ".join(
            points.get(x, "") for points in shown.values()) + " |"
            for x in xs]
    return "\n".join(rows) + f"\n\n{source(newest())}"
