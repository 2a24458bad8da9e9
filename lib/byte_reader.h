/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <cstdint>
#include <string>

namespace gr {
namespace sentinel {

/*!
 * \brief Bytes of a file from an offset on, or of standard input ("-"), which is polled.
 *
 * Never throws after construction: error() is set and end() becomes true instead.
 */
class byte_reader
{
public:
    byte_reader(const std::string& path, uint64_t byte_offset);
    ~byte_reader();
    byte_reader(const byte_reader&) = delete;
    byte_reader& operator=(const byte_reader&) = delete;

    //! Up to `size` bytes into `to`; returns how many, 0 also when none came within
    //! `wait_ms`.
    size_t read(unsigned char* to, size_t size, int wait_ms);

    bool end() const { return d_end; }
    const std::string& error() const { return d_error; }

private:
    size_t finish(ssize_t got);
    size_t read_stream(unsigned char* to, size_t size, int wait_ms);

    const std::string d_path;
    const bool d_is_stream;
    const int d_fd;
    uint64_t d_position;
    uint64_t d_to_skip;
    bool d_end = false;
    std::string d_error;
};

} // namespace sentinel
} // namespace gr
