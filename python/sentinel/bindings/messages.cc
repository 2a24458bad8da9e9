/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "module.h"

#include <gnuradio/basic_block.h>
#include <pmt/pmt.h>

#include <stdexcept>

namespace {

std::vector<pmt::pmt_t> drain_messages(const gr::basic_block_sptr& block,
                                       const std::string& port)
{
    const pmt::pmt_t name = pmt::intern(port);
    if (block->get_msg_map().count(name) == 0)
        throw std::invalid_argument(block->identifier() + " has no message input port '" +
                                    port + "'");
    std::vector<pmt::pmt_t> messages;
    while (pmt::pmt_t message = block->delete_head_nowait(name))
        messages.push_back(message);
    return messages;
}

} // namespace

void bind_messages(py::module& module)
{
    py::module::import("pmt");
    module.def(
        "drain_messages",
        &drain_messages,
        py::arg("block"),
        py::arg("port"),
        "Take all messages still queued at an input port, oldest first. For a flowgraph "
        "that has ended: the scheduler may stop a block before its queue is empty.");
}
