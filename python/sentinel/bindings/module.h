/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gnuradio/gr_complex.h>
#include <pybind11/complex.h>
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

namespace py = pybind11;

//! Only C-contiguous arrays of the exact type are taken: a silent copy would hide a cost.
using complex_array = py::array_t<gr_complex, py::array::c_style>;
using flag_array = py::array_t<unsigned char, py::array::c_style>;
using float_array = py::array_t<float, py::array::c_style>;

void bind_channelizer_block(py::module& module);
void bind_channelizer_kernel(py::module& kernel);
void bind_features_block(py::module& module);
void bind_features_kernel(py::module& kernel);
void bind_gap_kernels(py::module& kernel);
void bind_gap_guard(py::module& module);
void bind_decimator_block(py::module& module);
void bind_decimator_kernel(py::module& kernel);
void bind_gaussian_noise(py::module& kernel);
void bind_pulse_kernels(py::module& kernel);
void bind_pulse_blocks(py::module& module);
void bind_messages(py::module& module);
void bind_packet_blocks(py::module& module);
void bind_packet_kernels(py::module& kernel);
void bind_recording_source(py::module& module);
void bind_rtl_bytes(py::module& module, py::module& kernel);
void bind_sample_format(py::module& kernel);
void bind_waveform_kernels(py::module& kernel);
