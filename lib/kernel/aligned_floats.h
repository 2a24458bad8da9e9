/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <cstddef>
#include <memory>
#include <new>

namespace gr {
namespace sentinel {
namespace kernel {

//! Zeros that begin at a cache line.
class aligned_floats
{
public:
    explicit aligned_floats(size_t count) : d_floats(new (alignment) float[count]()) {}

    float* data() { return d_floats.get(); }
    const float* data() const { return d_floats.get(); }

private:
    static constexpr std::align_val_t alignment{ 64 };
    struct release {
        void operator()(float* floats) const { operator delete[](floats, alignment); }
    };
    std::unique_ptr<float[], release> d_floats;
};

} // namespace kernel
} // namespace sentinel
} // namespace gr
