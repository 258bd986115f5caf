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
# What the tables of models show of a run: experiment, metric, x, heading.
MEASURED = (("clients", "cpu", "50", "server CPU per echo, 50 clients"),
            ("clients", "echoes", "50", "echoes a second, 50 clients"),
            ("clients", "cpu", "1000", "server CPU per echo, 1000 clients"))


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
    What a plot shows: for each series its name and its points, x -> what
    the plot says there ("10.1k (9.8k to 10.3k, 4 turns)").
    """
    found = {}
    lines = path.read_text(encoding="utf-8").splitlines()
    for row in csv.reader(line for line in lines if line):
        if row[0] == "x" or len(row) < 10:  # the header of a series
            continue
        # "select at 0: 63.2k (...)": a plot's own x may be moved, to show 0
        # on a logarithmic axis. A row of a plot of rows has no x.
        said = re.match(r".*?(?: at ([^:]+))?: (.*)", row[9])
        of_row = said and not said[1]
        name, x = (row[6], row[0]) if of_row else \
            (row[8], said[1] if said else row[0])
        if said and row[1]:
            found.setdefault(name, {})[x] = re.sub(
                r"\(.* to .*, 1 turns?\)", "(1 turn)", said[2])
        elif row[7]:  # "1 of 50": no line is drawn there
            found.setdefault(name, {})[x] = f"{row[7]} served"
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
        rows = ["| model | median |", "|---|---|"]
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


def reference(run):
    manifest = json.loads(tree.text(f"docs/figures/{run}/manifest.json"))
    return manifest["run"]["models"][0]["reference"]


def verdicts(run):
    """Against the reference: (experiment, metric, x) -> model -> cell."""
    lines = tree.text(f"docs/figures/{run}/verdicts.csv").splitlines()
    found = {}
    for row in csv.DictReader(lines):
        if row.get("against") != reference(run):
            continue
        key = (row["experiment"], row["metric"], row["x"])
        found.setdefault(key, {reference(run): "1"})[row["model"]] = ratio(row)
    return found


def measured(run):
    """Columns for a table of models: heading -> model -> its ratio."""
    judged = verdicts(run) if here(run) else {}
    return {f"{heading} (x {reference(run)})": judged[experiment, metric, x]
            for experiment, metric, x, heading in MEASURED
            if (experiment, metric, x) in judged}


def ratio(row):
    """A ratio as a cell: "0.66 (0.64 to 0.67)"; or why there is none."""
    said = row["verdict"]
    if said.startswith("not ranked"):
        return said.partition(": ")[2]
    sign = "= " if said == "equivalent" else \
        "~ " if said in ("not distinguished", "imprecise") else ""
    text = "{ratio:.2f} ({low:.2f} to {high:.2f})".format(
        **{key: float(row[key]) for key in ("ratio", "low", "high")})
    more = " or more" if float(row["ratio"]) > 1 else " or less"
    return sign + text + (more if "at least" in said else "")


LABELS = {"cpu": "server CPU", "echoes": "echoes a second",
          "connections": "connections a second", "bytes": "bytes a second"}


def ratios(run, experiment):
    """What was compared: a row for each model, a column a question."""
    if not here(run):
        return ""
    cells = {key: column for key, column in verdicts(run).items()
             if key[0] == experiment}
    heads = [f"compared with `{reference(run)}`"]
    heads += [f"{LABELS.get(metric, metric)}, x = {x}"
              for _, metric, x in cells]
    rows = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    models = dict.fromkeys(model for column in cells.values()
                           for model in column)
    for model in models:
        rows.append(f"| {model} | " + " | ".join(
            column.get(model, "") for column in cells.values()) + " |")
    return "\n".join(rows) + (
        "\n\nRatios within blocks; the intervals of a column hold together. "
        "=: equivalent within 3 %; ~: not distinguished. " + source(run))


def named(page):
    """The figures that a page shows, as RUN/PLOT."""
    for _, first in re.findall(
            r"^<!-- (plot|table): (\S+)", page, re.M):
        yield first


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
