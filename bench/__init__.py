# SPDX-License-Identifier: GPL-3.0-or-later
"""Speed of the kernels and blocks, as ratios measured in one run: `sentinel bench`.

The command `sentinel` has set one BLAS thread before NumPy was imported; what is set here makes performance
counters count the CPU time of a block's own thread.
"""

import os

os.environ["GR_CONF_PERFCOUNTERS_ON"] = "True"
os.environ["GR_CONF_PERFCOUNTERS_CLOCK"] = "thread"
