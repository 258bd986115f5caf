"""
Plots of real runs. A run's directory, as bench/run wrote it, is committed
as docs/figures/RUN/. Without one a page shows nothing in the figure's place.
"""

import tree

FIGURES = tree.DOCS / "figures"


def runs():
    if not FIGURES.is_dir():
        return []
    return sorted(path for path in FIGURES.iterdir() if path.is_dir())


def find(experiment, suffix):
    """The newest run's file for an experiment; None without one."""
    for run in reversed(runs()):
        for path in sorted(run.rglob(f"{experiment}*{suffix}")):
            if path.stem == experiment:
                return run, path
    return None, None


def plot(experiment):
    run, path = find(experiment, ".svg")
    if path is None:
        return ""
    return (f"![{experiment}]({path.relative_to(tree.DOCS)})\n\n"
            f"*Run `{run.name}`, experiment `{experiment}`; "
            f"[all its files](figures/{run.name}).*")
