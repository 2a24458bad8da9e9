/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "socket_address.h"

#include <sys/uio.h>

namespace gr {
namespace sentinel {

/*!
 * \brief A datagram socket of one address family, never waiting but in wait().
 *
 * Constructors and bind() throw std::runtime_error; nothing else throws.
 */
class udp_socket
{
public:
    udp_socket(int family, const std::string& what);
    ~udp_socket();
    udp_socket(udp_socket&& other) noexcept;
    udp_socket(const udp_socket&) = delete;
    udp_socket& operator=(const udp_socket&) = delete;

    //! Binds, and returns the port.
    int bind(const socket_address& address, const std::string& what);
    //! Asks for a receive buffer, and returns what was granted of it.
    size_t request_receive_buffer(size_t bytes);

    //! What receive() has got; `size` is negative with errno set if nothing.
    struct datagram {
        ssize_t size;
        bool has_drops;
        uint32_t drops; //!< datagrams dropped by the kernel so far, modulo 2^32
    };
    datagram receive(void* to, size_t room);
    //! True if a datagram, or an error, is there within that time.
    bool wait(int wait_ms);

    //! True if the kernel has taken the datagram.
    bool send(const void* datagram, size_t size, const socket_address& to);

private:
    int d_fd;
};

} // namespace sentinel
} // namespace gr
