/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "zmq_socket.h"
#include "socket_address.h"

#include <cerrno>
#include <stdexcept>

namespace gr {
namespace sentinel {

namespace {
const std::string scheme = "tcp://";

std::string remedy(int error)
{
    switch (error) {
    case EADDRINUSE:
        return "the port is in use by another program; end that, or choose another port";
    case EADDRNOTAVAIL:
    case ENODEV:
        return "no interface of this machine has that address; choose one of its own, "
               "127.0.0.1 for this machine only or * for all";
    case EACCES:
        return "not allowed; choose a port from 1024 on";
    default:
        return zmq_strerror(error);
    }
}
} // namespace

bool zmq_message::resize(size_t bytes)
{
    zmq_msg_close(&d_message);
    if (zmq_msg_init_size(&d_message, bytes) == 0)
        return true;
    zmq_msg_init(&d_message);
    return false;
}

zmq_socket::zmq_socket(int type, int linger_ms, const std::string& what)
    : d_what(what), d_context(zmq_ctx_new())
{
    check(d_context != nullptr, "no context");
    d_socket.reset(::zmq_socket(d_context.get(), type));
    check(d_socket != nullptr, "no socket");
    set(ZMQ_LINGER, linger_ms);
    set(ZMQ_IPV6, 1);
}

void zmq_socket::check(bool good, const std::string& doing) const
{
    if (!good)
        throw std::runtime_error(d_what + ": " + doing + ": " + remedy(zmq_errno()));
}

void zmq_socket::set(int option, int value)
{
    check(zmq_setsockopt(d_socket.get(), option, &value, sizeof(value)) == 0,
          "option refused");
}

void zmq_socket::set(int option, int64_t value)
{
    check(zmq_setsockopt(d_socket.get(), option, &value, sizeof(value)) == 0,
          "option refused");
}

void zmq_socket::subscribe_to_all()
{
    check(zmq_setsockopt(d_socket.get(), ZMQ_SUBSCRIBE, "", 0) == 0, "cannot subscribe");
}

void zmq_socket::connect(const std::string& endpoint)
{
    check(zmq_connect(d_socket.get(), endpoint.c_str()) == 0, "cannot connect");
}

std::string zmq_socket::bind(const std::string& endpoint)
{
    check(zmq_bind(d_socket.get(), endpoint.c_str()) == 0, "cannot listen");
    char bound[256];
    size_t size = sizeof(bound);
    check(zmq_getsockopt(d_socket.get(), ZMQ_LAST_ENDPOINT, bound, &size) == 0,
          "cannot listen");
    return bound;
}

bool zmq_socket::receive(zmq_message& message)
{
    return zmq_msg_recv(message.get(), d_socket.get(), ZMQ_DONTWAIT) >= 0;
}

bool zmq_socket::send(zmq_message& message)
{
    return zmq_msg_send(message.get(), d_socket.get(), ZMQ_DONTWAIT) >= 0;
}

bool zmq_socket::wait(int wait_ms)
{
    zmq_pollitem_t item{ d_socket.get(), 0, ZMQ_POLLIN, 0 };
    return zmq_poll(&item, 1, wait_ms) > 0;
}

void check_endpoint(const std::string& endpoint, bool binding)
{
    const std::string example =
        binding ? "tcp://127.0.0.1:5555 or tcp://*:5555" : "tcp://127.0.0.1:5555";
    if (endpoint.compare(0, scheme.size(), scheme) != 0)
        throw std::invalid_argument("'" + endpoint +
                                    "' is not tcp://HOST:PORT; write it as " + example);
    std::string rest = endpoint.substr(scheme.size());
    if (binding && rest.size() >= 2 && rest.compare(rest.size() - 2, 2, ":*") == 0)
        rest.back() = '0';
    if (binding && rest.compare(0, 2, "*:") == 0)
        rest.replace(0, 1, "0.0.0.0");
    host_and_port address;
    try {
        address = parse_host_and_port(rest);
    } catch (const std::invalid_argument&) {
        throw std::invalid_argument("'" + endpoint +
                                    "' is not tcp://HOST:PORT; write it as " + example);
    }
    if (address.port == 0 && !binding)
        throw std::invalid_argument("'" + endpoint +
                                    "': port 0 cannot be reached; give the sender's");
    resolve(address, endpoint);
}

} // namespace sentinel
} // namespace gr
