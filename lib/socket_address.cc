/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "socket_address.h"

#include <netdb.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <stdexcept>

namespace gr {
namespace sentinel {

namespace {
int parse_port(const std::string& digits)
{
    const bool numeric = !digits.empty() && digits.size() <= 5 &&
                         digits.find_first_not_of("0123456789") == std::string::npos;
    const int port = numeric ? std::stoi(digits) : -1;
    return port <= 65535 ? port : -1;
}
} // namespace

uint16_t socket_address::port() const
{
    // Both families have their port at the same place.
    return ntohs(reinterpret_cast<const sockaddr_in*>(&storage)->sin_port);
}

host_and_port parse_host_and_port(const std::string& text)
{
    const auto colon = text.rfind(':');
    std::string host = text.substr(0, std::min(colon, text.size()));
    if (host.size() > 2 && host.front() == '[' && host.back() == ']')
        host = host.substr(1, host.size() - 2);
    else if (host.find(':') != std::string::npos)
        host.clear();
    const int port = colon == std::string::npos ? -1 : parse_port(text.substr(colon + 1));
    if (host.empty() || port < 0)
        throw std::invalid_argument(
            "'" + text +
            "' is not HOST:PORT; write it as 127.0.0.1:10000 or [::1]:10000");
    return { host, port };
}

std::string to_text(const host_and_port& address)
{
    const bool v6 = address.host.find(':') != std::string::npos;
    return (v6 ? "[" + address.host + "]" : address.host) + ":" +
           std::to_string(address.port);
}

socket_address resolve(const host_and_port& address, const std::string& what)
{
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_DGRAM;
    addrinfo* found = nullptr;
    const int error = ::getaddrinfo(
        address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found);
    if (error != 0)
        throw std::invalid_argument(what + ": no such host (" + ::gai_strerror(error) +
                                    "); check the name, or give its address");
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found,
                                                                     &::freeaddrinfo);
    const addrinfo* chosen = found;
    for (const addrinfo* one = found; one != nullptr; one = one->ai_next)
        if (one->ai_family == AF_INET) {
            chosen = one;
            break;
        }
    socket_address result;
    std::memcpy(&result.storage, chosen->ai_addr, chosen->ai_addrlen);
    result.length = chosen->ai_addrlen;
    return result;
}

} // namespace sentinel
} // namespace gr
