/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "byte_reader.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace gr {
namespace sentinel {

namespace {
int open_path(const std::string& path)
{
    const int fd = path == "-" ? ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
                               : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        throw std::runtime_error(path + ": cannot be opened: " + std::strerror(errno));
    return fd;
}
} // namespace

byte_reader::byte_reader(const std::string& path, uint64_t byte_offset)
    : d_path(path == "-" ? "standard input" : path),
      d_is_stream(path == "-"),
      d_fd(open_path(path)),
      d_position(byte_offset),
      d_to_skip(d_is_stream ? byte_offset : 0)
{
}

byte_reader::~byte_reader()
{
    ::close(d_fd);
}

size_t byte_reader::finish(ssize_t got)
{
    if (got > 0)
        return static_cast<size_t>(got);
    if (got < 0 && (errno == EINTR || errno == EAGAIN))
        return 0;
    if (got < 0)
        d_error = d_path + ": reading failed: " + std::strerror(errno);
    d_end = true;
    return 0;
}

size_t byte_reader::read_stream(unsigned char* to, size_t size, int wait_ms)
{
    pollfd poll_in{ d_fd, POLLIN, 0 };
    if (::poll(&poll_in, 1, wait_ms) <= 0)
        return 0;
    size_t got = finish(::read(d_fd, to, size));
    const size_t skipped = std::min<uint64_t>(d_to_skip, got);
    d_to_skip -= skipped;
    got -= skipped;
    std::memmove(to, to + skipped, got);
    return got;
}

size_t byte_reader::read(unsigned char* to, size_t size, int wait_ms)
{
    if (d_end || size == 0)
        return 0;
    if (d_is_stream)
        return read_stream(to, size, wait_ms);
    const size_t got = finish(::pread(d_fd, to, size, static_cast<off_t>(d_position)));
    d_position += got;
    return got;
}

} // namespace sentinel
} // namespace gr
