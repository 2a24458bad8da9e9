/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>

namespace gr {
namespace sentinel {

//! Where datagrams go to or come from.
struct socket_address {
    sockaddr_storage storage{};
    socklen_t length = 0;

    int family() const { return storage.ss_family; }
    const sockaddr* data() const { return reinterpret_cast<const sockaddr*>(&storage); }
    uint16_t port() const;
};

struct host_and_port {
    std::string host; //!< without the brackets of an IPv6 address
    int port;
};

/*!
 * \brief Reads HOST:PORT, an IPv6 address being written [::1]:PORT.
 * \throws std::invalid_argument if it is not of that form, or the port is not 0 to 65535
 */
host_and_port parse_host_and_port(const std::string& text);

//! As HOST:PORT, with the brackets where they are needed.
std::string to_text(const host_and_port& address);

/*!
 * \brief Looks a host up. Where it has addresses of both families, IPv4 is taken: two
 * programs that were both told "localhost" must meet.
 * \param what begins the error text
 * \throws std::invalid_argument if there is no such host
 */
socket_address resolve(const host_and_port& address, const std::string& what);

} // namespace sentinel
} // namespace gr
