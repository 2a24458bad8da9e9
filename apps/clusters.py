# SPDX-License-Identifier: GPL-3.0-or-later
"""`sentinel clusters`: what lies in a file of clusters of unknown interference, and names for them."""

from __future__ import annotations

import argparse

from gnuradio.sentinel.core import logs
from gnuradio.sentinel.gnss.clusters.cluster_store import ClusterStore
from gnuradio.sentinel.gnss.clusters.cluster_table import table_lines
from gnuradio.sentinel.gnss.learned import ClassModel

EPILOG = """\
examples:
  sentinel gnss night.cu8 --rate 2.56M --clusters unknown.json
  sentinel clusters unknown.json
  sentinel clusters unknown.json --name A "delivery van"
  sentinel train gnss --only classifier --add unknown.json --out models/
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `sentinel clusters`."""
    parser.add_argument("file", metavar="FILE.json", help="as sentinel gnss INPUT --clusters writes it")
    change = parser.add_mutually_exclusive_group()
    change.add_argument("--name", nargs=2, metavar=("LETTERS", "NAME"), help="name a cluster")
    change.add_argument("--forget", metavar="LETTERS", help="take the name of a cluster back")
    parser.add_argument(
        "--class-model", metavar="FILE.onnx", help="what the nearest class is asked of (the shipped one)"
    )
    logs.add_log_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Change a name or list the clusters, and return the exit code. Raises InputError."""
    logs.configure(arguments.log_level, arguments.log_json)
    store = ClusterStore(arguments.file)
    if arguments.name:
        letters, name = arguments.name
        store.rename(letters, name)
        print(f"{letters} is {name.strip()} from now on")
    elif arguments.forget:
        store.rename(arguments.forget, "")
        print(f"{arguments.forget} has no name any more")
    else:
        for line in table_lines(store, ClassModel(arguments.class_model)):
            print(line)
    return 0
