# SPDX-License-Identifier: GPL-3.0-or-later
"""Speed of the kernels and blocks, as ratios measured in one run: `sentinel bench`.

The environment is set before NumPy and GNU Radio are imported: one BLAS thread, and performance counters
that count the CPU time of a block's own thread.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["GR_CONF_PERFCOUNTERS_ON"] = "True"
os.environ["GR_CONF_PERFCOUNTERS_CLOCK"] = "thread"
