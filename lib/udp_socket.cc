/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "udp_socket.h"

#include <netinet/in.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace gr {
namespace sentinel {

namespace {
std::string remedy(int error)
{
    switch (error) {
    case EADDRINUSE:
        return "the port is in use by another program; end that, or choose another port";
    case EADDRNOTAVAIL:
        return "no interface of this machine has that address; choose one of its own, "
               "127.0.0.1 for this machine only or 0.0.0.0 for all";
    case EACCES:
        return "not allowed; choose a port from 1024 on";
    default:
        return std::strerror(error);
    }
}

void set_option(int fd, int level, int name, int value)
{
    // Only ever asks for more than the socket has without: the caller sees what it got.
    (void)::setsockopt(fd, level, name, &value, sizeof(value));
}
} // namespace

udp_socket::udp_socket(int family, const std::string& what)
    : d_fd(::socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0))
{
    if (d_fd < 0)
        throw std::runtime_error(what + ": no socket: " + std::strerror(errno));
    if (family == AF_INET6)
        set_option(d_fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    set_option(d_fd, SOL_SOCKET, SO_RXQ_OVFL, 1);
}

udp_socket::udp_socket(udp_socket&& other) noexcept : d_fd(std::exchange(other.d_fd, -1))
{
}

udp_socket::~udp_socket()
{
    if (d_fd >= 0)
        ::close(d_fd);
}

int udp_socket::bind(const socket_address& address, const std::string& what)
{
    if (::bind(d_fd, address.data(), address.length) != 0)
        throw std::runtime_error(what + ": cannot listen: " + remedy(errno));
    socket_address bound;
    bound.length = sizeof(bound.storage);
    if (::getsockname(d_fd, reinterpret_cast<sockaddr*>(&bound.storage), &bound.length) !=
        0)
        throw std::runtime_error(what + ": cannot listen: " + std::strerror(errno));
    return bound.port();
}

size_t udp_socket::request_receive_buffer(size_t bytes)
{
    const auto asked = static_cast<int>(std::min<size_t>(bytes, INT_MAX / 2));
    set_option(d_fd, SOL_SOCKET, SO_RCVBUF, asked);
    int granted = 0;
    socklen_t length = sizeof(granted);
    if (::getsockopt(d_fd, SOL_SOCKET, SO_RCVBUF, &granted, &length) != 0)
        return 0;
    // Linux sets, and tells, twice what it was asked for.
    return static_cast<size_t>(granted) / 2;
}

udp_socket::datagram udp_socket::receive(void* to, size_t room)
{
    iovec part{ to, room };
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(uint32_t))];
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof(control);
    datagram got{ ::recvmsg(d_fd, &message, 0), false, 0 };
    if (got.size < 0)
        return got;
    for (cmsghdr* one = CMSG_FIRSTHDR(&message); one; one = CMSG_NXTHDR(&message, one))
        if (one->cmsg_level == SOL_SOCKET && one->cmsg_type == SO_RXQ_OVFL) {
            std::memcpy(&got.drops, CMSG_DATA(one), sizeof(got.drops));
            got.has_drops = true;
        }
    return got;
}

bool udp_socket::wait(int wait_ms)
{
    pollfd poll_in{ d_fd, POLLIN, 0 };
    return ::poll(&poll_in, 1, wait_ms) > 0;
}

bool udp_socket::send(const void* datagram, size_t size, const socket_address& to)
{
    return ::sendto(d_fd, datagram, size, MSG_DONTWAIT, to.data(), to.length) ==
           static_cast<ssize_t>(size);
}

} // namespace sentinel
} // namespace gr
