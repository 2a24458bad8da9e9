/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "module.h"

PYBIND11_MODULE(_sentinel, module)
{
    // The base classes of every block are registered there.
    py::module::import("gnuradio.gr");
    module.doc() = "C++ blocks of gr-sentinel; its kernels stand in the submodule kernel";

    auto kernel = module.def_submodule(
        "kernel", "DSP kernels on NumPy arrays, free of the GNU Radio scheduler");
    bind_channelizer_kernel(kernel);
    bind_decimator_kernel(kernel);
    bind_features_kernel(kernel);
    bind_gaussian_noise(kernel);
    bind_gap_kernels(kernel);
    bind_pulse_kernels(kernel);
    bind_pulse_blocks(module);

    bind_messages(module);
    bind_sample_format(kernel);
    bind_waveform_kernels(kernel);
    bind_recording_source(module);
    bind_rtl_bytes(module, kernel);
    bind_channelizer_block(module);
    bind_decimator_block(module);
    bind_features_block(module);
    bind_packet_kernels(kernel);
    bind_packet_blocks(module);
    bind_gap_guard(module);
}
