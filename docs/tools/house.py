"""
The house: its rooms, and which of them may know which others. A room knows
another when a file of it includes a header there. docs/diagrams/draw draws
what is; `make docs-check` fails where a room reaches up.
"""

import collections
import pathlib
import re

import tree

Room = collections.namedtuple("Room", "says folders may x y")

MODELS = ("iterative", "forking", "threading", "timeout_poll", "select",
          "epoll")
BENCH = ("bench/record", "bench/load", "bench/race", "bench/page",
         "bench/check")

# From the ground up. x and y: the place in the drawing, in columns and rows.
ROOMS = {
    "common": Room("the echo, and what all others share; they know it",
                   ("common",), (), 0, 6),
    "models": Room("a folder for each", MODELS, ("common",), 0, 5),
    "bench/peers": Room("others' servers", ("bench/peers",), ("common",),
                        1, 5),
    "bench/record": Room("rows and statistics", ("bench/record",),
                         ("common",), 2, 5),
    "common/lab": Room("runs, watches servers", ("common/lab",), ("common",),
                       1, 4),
    "bench/load": Room("load generator", ("bench/load",),
                       ("common", "bench/record"), 2, 4),
    "bench/race": Room("measures, in turns", ("bench/race",),
                       ("common", "common/lab", "bench/record", "bench/load"),
                       2, 3),
    "bench/page": Room("report, plots", ("bench/page",),
                       ("common", "bench/record"), 3, 2),
    "bench/check": Room("for bench/selfcheck", ("bench/check",),
                        ("common", "bench/record", "bench/race"), 2, 2),
    "demo": Room("the live view", ("demo",), ("common", "common/lab"), 1, 2),
    "bench": Room("programs and scripts", ("bench",),
                  ("common", "common/lab", *BENCH), 2, 1),
    "tests": Room("contract, units; they know all others", ("tests",),
                  ("common", "common/lab", "models", "demo", *BENCH), 0, 0),
}


def room_of(path):
    folder = str(pathlib.PurePath(path).parent)
    for name, room in ROOMS.items():
        if folder in room.folders:
            return name
    raise tree.Problem(f"{path}: no room of docs/tools/house.py has this "
                       "folder")


def includes():
    """Each include of another folder's header: file, header."""
    for path in tree.run("git", "ls-files", "--cached", "--others",
                         "--exclude-standard", "*.c", "*.h").split():
        if not (tree.ROOT / path).is_file():
            continue  # deleted, and not committed yet
        for header in re.findall(r'^#include "([^"]+/[^"]+)"',
                                 tree.text(path), re.M):
            if pathlib.PurePath(path).parent != \
                    pathlib.PurePath(header).parent:
                yield path, header


def problems():
    """Where a room knows one that it must not know."""
    for path, header in includes():
        one, other = room_of(path), room_of(header)
        if other not in ROOMS[one].may:
            yield (f"{path}: includes {header}: {one} may know "
                   f"{', '.join(ROOMS[one].may) or 'no other room'}")


def arrows():
    """
    Which rooms know which, without those that follow from others; tests,
    which know all, and common, which all know, apart.
    """
    known = {name: set() for name in ROOMS}
    for path, header in includes():
        if room_of(path) != room_of(header):
            known[room_of(path)].add(room_of(header))
    beyond = {}  # all that a room knows, by way of others, too
    for name in ROOMS:  # from the ground up
        beyond[name] = set().union(known[name],
                                   *(beyond[other] for other in known[name]))
    return [(name, other) for name in ROOMS for other in ROOMS
            if name != "tests" and other != "common" and
            other in known[name] and not any(
                other in beyond[third] for third in known[name])]
