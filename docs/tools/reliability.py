"""
What `make load` and `make soak` measured, as docs/reliability.md shows it.
docs/figures/reliability/ holds it: held.csv and million.csv, raw files of
bench/run; soak.csv; and about.json, when and on which machine each was made.
`docs/tools/book load build` takes them from there.
"""

import csv
import datetime
import json
import shutil

import tree

FOLDER = tree.DOCS / "figures" / "reliability"
NOTHING = "—"


def rows(name):
    """The lines of a file; [] while it is not there."""
    path = FOLDER / f"{name}.csv"
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def source(name):
    about = json.loads((FOLDER / "about.json").read_text("utf-8"))[name]
    return (f"*Measured on {about['date']}: {about['cores']} cores, "
            f"{about['memory_mib'] / 1024:.1f} GiB, Linux "
            f"{about['kernel'].split('-')[0]}"
            + (f", {about['load']}" if "load" in about else "") + ".*")


def table(name, heads, lines):
    if not lines:
        return ""
    shown = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    shown += [f"| {' | '.join(line)} |" for line in lines]
    return "\n".join(shown) + f"\n\n{source(name)}"


def number(row, key, scale=1.0):
    return float(row[key]) * scale if row[key] else None


def kib(row, key):
    """Per connection held; the kernel's as bench/record/metric.c takes it."""
    held, memory = number(row, "held"), number(row, key)
    if not held or memory is None or key == "kernel_kib" and (
            number(row, "unserved") or held < 1000 or memory <= 0):
        return NOTHING
    return f"{memory / held:,.2f}" if memory / held < 100 \
        else f"{memory / held:,.0f}"


def plain(value, format_):
    return NOTHING if value is None else format(value, format_)


def figures_of(row):
    return [plain(number(row, "held"), ",.0f"), kib(row, "pss_kib"),
            kib(row, "kernel_kib"),
            plain(number(row, "setup_ms", 1e-3), ",.1f"),
            plain(number(row, "p50_us"), ",.0f"),
            plain(number(row, "p99_us"), ",.0f")]


def stop_of(row):
    """Where it stopped, if it did, and what its label says of that."""
    if row["outcome"] == "failed":
        return row["note"].replace("|", "\\|")
    if number(row, "unserved") or number(row, "idle_lost"):
        says = tree.label(row["model"])["Stops at"]
        return f"{says} ({row['note']})".replace("|", "\\|")
    return ""


HEADS = ["held", "server KiB each", "kernel KiB each", "took s",
         "p50 us", "p99 us"]


def held():
    found = {row["model"]: row for row in rows("held")}
    names = [name for name in tree.models() if name in found]
    return table("held", ["model", *HEADS, "stops at"], [
        [f"`{name}`", *figures_of(found[name]), stop_of(found[name])]
        for name in names])


def million():
    return table("million", ["model", *HEADS, "how"], [
        [f"`{row['model']}`", *figures_of(row), row["note"]]
        for row in rows("million")])


def soak():
    return table(
        "soak",
        ["model", "s", "connections", "reset or gone", "stalls", "MiB",
         "lost", "memory KiB", "descriptors", "verdict"],
        [[f"`{row['model']}`", row["seconds"],
          f"{int(row['connections']):,}",
          f"{int(row['reset']) + int(row['vanished']):,}",
          f"{int(row['stalls']):,}", f"{int(row['bytes']) >> 20:,}",
          row["lost"],
          f"{row['memory_before_kib']} → {row['memory_after_kib']}",
          f"{row['descriptors_before']} → {row['descriptors_after']}",
          row["verdict"]] for row in rows("soak")])


def machine():
    """Of a file that does not tell it: this machine."""
    memory = next(line.split()[1] for line in
                  open("/proc/meminfo", encoding="utf-8")
                  if line.startswith("MemTotal"))
    return {"cores": int(tree.run("nproc")),
            "memory_mib": int(memory) // 1024,
            "kernel": tree.run("uname", "-r").strip()}


def about_run(folder):
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    load = manifest["load_before"].split()[0]
    told = {key: manifest["machine"][key]
            for key in ("cores", "memory_mib", "kernel")}
    return {"date": manifest["date"][:10], **told,
            "load": f"load average {load} before"}


def about_file(path):
    made = datetime.date.fromtimestamp(path.stat().st_mtime)
    return {"date": str(made), **machine()}


def keep(folder):
    """Takes what is there; what is not stays as it was kept before."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / "about.json"
    about = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    there = {"soak": folder / "soak.csv"} | {
        name: folder / "load" / name / "raw" / f"{name}.csv"
        for name in ("held", "million")}
    there = {name: file for name, file in there.items() if file.is_file()}
    if not there:
        raise tree.Problem(f"{folder}: neither load nor soak.csv is there")
    for name, file in there.items():
        shutil.copyfile(file, FOLDER / f"{name}.csv")
        about[name] = about_file(file) if name == "soak" \
            else about_run(file.parents[1])
        print(f"docs/figures/reliability/{name}.csv: taken from {file}")
    path.write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
