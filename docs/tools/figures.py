"""
Figures of real runs. Of a run that bench/run made, docs/figures/RUN/ holds
what the pages show: the plots that they name (SVG, CSV, and the gnuplot file
that draws them), the manifest, and what the report warned of. It is taken
from DIR/RUN by `docs/tools/book figures DIR`. While a run is not there, a
page shows nothing in the figure's place: no number stands there that nobody
measured.
"""

import csv
import json
import re
import shutil

import tree

FIGURES = tree.DOCS / "figures"
# `make figures` says with which command each is made.
RUNS = ("models", "further", "everybody", "pairs", "newcomers", "cores")
# What the tables of models show of a run: plot, x, heading.
MEASURED = (("clients-echoes", "50", "echoes/s, 50 clients"),
            ("clients-cpu", "50", "server CPU per echo"))


def here(run):
    """Is this run one of those that were kept?"""
    if run not in RUNS:
        raise tree.Problem(f"no run {run}; there are: {', '.join(RUNS)}")
    return (FIGURES / run / "manifest.json").is_file()


def find(figure, ending):
    """A file of a figure, RUN/PLOT; None while the run is not there."""
    run, _, name = figure.partition("/")
    if not here(run):
        return None
    path = FIGURES / run / "plots" / f"{name}.{ending}"
    if not path.is_file():
        raise tree.Problem(f"run {run} has no plot {name}; docs/tools/book "
                           "figures copies those that pages name")
    return path


def source(run):
    """Whose figures these are, and on which machine they were measured."""
    manifest = json.loads(tree.text(f"docs/figures/{run}/manifest.json"))
    machine = manifest["machine"]
    return (f"*Run [{run}](docs/figures/{run}/manifest.json) of "
            f"{manifest['date'][:10]}: {machine['cores']} cores, "
            f"Linux {machine['kernel'].split('-')[0]}.*")


def title(path):
    """What a plot is called, and what its x axis is."""
    settings = path.with_suffix(".gp").read_text(encoding="utf-8")
    found = [re.search(rf'^{key} "(.*?)"', settings, re.M)
             for key in ("name =", "x_name =")]
    return [match[1] if match else "" for match in found]


def plot(figure):
    """A plot: models/churn-cpu."""
    path = find(figure, "svg")
    if path is None:
        return ""
    return (f"![{title(path)[0]}]({path.relative_to(tree.ROOT)})\n\n"
            f"{source(figure.partition('/')[0])}")


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
            found.setdefault(point["name"], {})[x] = re.sub(
                r"\(.* to .*, 1 slices?\)", "(1 slice)", said[2])
    return found


def number(x):
    """An x as the plots write it: 0, 1000, "1 KiB"; for the order of rows."""
    match = re.match(r"([\d.]+) ?([kKM]?)", x)
    scale = {"": 1, "k": 1000, "K": 1024, "M": 1024 ** 2}
    return float(match[1]) * scale[match[2]] if match else 0


def table(figure, *models):
    """
    The figures of a plot; of these models alone, if any are named. One of
    which the run could not measure anything has an empty column.
    """
    path = find(figure, "csv")
    if path is None:
        return ""
    drawn = curves(path)
    unknown = set(models) - set(tree.models()) - set(drawn)
    if unknown:
        raise tree.Problem(f"{', '.join(unknown)}: no such model; there are: "
                           f"{' '.join(tree.models())}")
    shown = {model: drawn.get(model, {}) for model in models} or drawn
    if all(len(points) <= 1 for points in shown.values()):
        rows = ["| model | median (min to max) |", "|---|---|"]
        rows += [f"| {model} | {says} |" for model, points in shown.items()
                 for says in points.values()]
    else:
        xs = sorted({x for points in shown.values() for x in points},
                    key=number)
        rows = [f"| {title(path)[1]} | " + " | ".join(shown) + " |",
                "|---|" + "---|" * len(shown)]
        rows += [f"| {x} | " + " | ".join(
            points.get(x, "") for points in shown.values()) + " |"
            for x in xs]
    return "\n".join(rows) + f"\n\n{source(figure.partition('/')[0])}"


def measured(run):
    """Columns for a table of models: heading -> model -> what it says."""
    columns = {}
    for name, x, heading in MEASURED if here(run) else ():
        columns[heading] = {
            model: points.get(x, "") for model, points in
            curves(find(f"{run}/{name}", "csv")).items()}
    return columns


FURTHER = " or further from 1"


def ratio(row):
    """A ratio as a cell: "0.66 (0.64 to 0.67)"; of too few pairs nothing."""
    if int(row["pairs"]) < 2:
        return ""
    said = "{ratio:.2f} ({low:.2f} to {high:.2f})".format(
        **{key: float(row[key]) for key in ("ratio", "low", "high")})
    if "at least" in row["verdict"]:
        return said + FURTHER
    return f"*{said}*" if row["model"] == row["reference"] else said


def ratios(run, experiment):
    """What was judged in pairs: a row for each model, a column a question."""
    if not here(run):
        return ""
    lines = tree.text(f"docs/figures/{run}/verdicts.csv").splitlines()
    judged = [row for row in csv.DictReader(lines)
              if row["experiment"] == experiment]
    cells = {}
    for row in judged:
        cells.setdefault(f"{row['figure']}, {row['at']}", {})[
            row["model"]] = ratio(row)
    heads = ["compared with " + " and ".join(
        dict.fromkeys(f"`{row['reference']}`" for row in judged)), *cells]
    rows = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for model in dict.fromkeys(row["model"] for row in judged):
        rows.append(f"| {model} | " + " | ".join(
            column.get(model, "") for column in cells.values()) + " |")
    pairs = [int(row["pairs"]) for row in judged if ratio(row)]
    bound = any(ratio(row).endswith(FURTHER) for row in judged)
    return "\n".join(rows) + (
        f"\n\nMedian ratio of {min(pairs, default=0)} to "
        f"{max(pairs, default=0)} pairs and its 95 % interval; in italics the "
        "reference against itself. "
        + ("Or further from 1: the load generator was the limit of the "
           "faster one. " if bound else "")
        + source(run))


def named(page):
    """The figures that a page shows, as RUN/PLOT."""
    for kind, first in re.findall(
            r"^<!-- (plot|table|models|peers): (\S+)", page, re.M):
        if kind in ("plot", "table"):
            yield first
        else:
            yield from (f"{first}/{name}" for name, _, _ in MEASURED)


def keep_plot(folder, to, name):
    """Copies a plot; it names itself by the place where it now is."""
    for ending in ("svg", "csv", "gp"):
        old = folder / f"{name}.{ending}"
        if not old.is_file():
            raise tree.Problem(f"{old}: not there, and a page shows it")
        content = old.read_text(encoding="utf-8")
        if ending == "gp":
            base = re.search(r"^base = '(.*)'", content, re.M)[1]
            content = content.replace(
                base, str((to / name).relative_to(tree.ROOT)))
        elif ending == "svg":  # by itself it would have no paper
            content = content.replace(
                "<svg", '<svg style="color:#1b1b1b;background:#fff"', 1)
            content = content.replace("<title>Gnuplot</title>", "", 1)
        (to / old.name).write_text(content, encoding="utf-8")


def how_it_went(run, folder, manifest):
    """What the report warns of at its top, for a page of its own."""
    report = (folder / "report.md").read_text(encoding="utf-8")
    warnings = re.findall(r"^> \*\*(.*)\*\*$", report, re.M)
    about = (f"Of {manifest['date'][:10]}, by "
             f"`{manifest['run']['command']}`; "
             "[the manifest](manifest.json) tells the rest.")
    lines = [f"- {line}" for line in warnings] or \
        ["The report had nothing to warn of."]
    return f"# The run {run}\n\n{about}\n\n" + "\n".join(lines) + "\n"


def keep(run, folder, figures):
    """Makes docs/figures/RUN from a run's directory; of it, these figures."""
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    # Where it was written says nothing to a reader.
    manifest["run"]["command"] = re.sub(
        r" (--out[= ]|-o ?)\S+", "", manifest["run"]["command"])
    shutil.rmtree(FIGURES / run, ignore_errors=True)
    (FIGURES / run / "plots").mkdir(parents=True)
    for figure in sorted(figures):
        if figure.startswith(f"{run}/"):
            keep_plot(folder / "plots", FIGURES / run / "plots",
                      figure.partition("/")[2])
    verdicts = folder / "verdicts.csv"
    if verdicts.is_file():
        shutil.copyfile(verdicts, FIGURES / run / "verdicts.csv")
    (FIGURES / run / "manifest.json").write_text(
        json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    (FIGURES / run / "README.md").write_text(
        how_it_went(run, folder, manifest), encoding="utf-8")
