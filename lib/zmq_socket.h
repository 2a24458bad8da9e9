/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <zmq.h>

#include <cstdint>
#include <memory>
#include <string>

namespace gr {
namespace sentinel {

//! A message of libzmq.
class zmq_message
{
public:
    zmq_message() { zmq_msg_init(&d_message); }
    ~zmq_message() { zmq_msg_close(&d_message); }
    zmq_message(const zmq_message&) = delete;
    zmq_message& operator=(const zmq_message&) = delete;

    //! Empty again, with that much room; false if there is no memory.
    bool resize(size_t bytes);
    unsigned char* data()
    {
        return static_cast<unsigned char*>(zmq_msg_data(&d_message));
    }
    size_t size() const { return zmq_msg_size(&d_message); }
    bool more() const { return zmq_msg_more(&d_message) != 0; }
    zmq_msg_t* get() { return &d_message; }

private:
    zmq_msg_t d_message;
};

/*!
 * \brief A socket of libzmq with a context of its own, never waiting but in wait().
 *
 * Closing drops what was not sent yet after `linger_ms`. May be used from any thread, but
 * from one at a time.
 */
class zmq_socket
{
public:
    //! \throws std::runtime_error, beginning with `what`
    zmq_socket(int type, int linger_ms, const std::string& what);

    void set(int option, int value);
    void set(int option, int64_t value);
    void subscribe_to_all();
    void connect(const std::string& endpoint);
    //! Returns the endpoint with the port that was chosen.
    std::string bind(const std::string& endpoint);

    //! False with zmq_errno() set if there is none.
    bool receive(zmq_message& message);
    bool send(zmq_message& message);
    //! True if a message, or an error, is there within that time.
    bool wait(int wait_ms);

private:
    void check(bool good, const std::string& doing) const;

    struct end_context {
        void operator()(void* context) const { zmq_ctx_term(context); }
    };
    struct close_socket {
        void operator()(void* socket) const { zmq_close(socket); }
    };
    const std::string d_what;
    // In this order: a context waits for its sockets.
    std::unique_ptr<void, end_context> d_context;
    std::unique_ptr<void, close_socket> d_socket;
};

/*!
 * \brief Looks at tcp://HOST:PORT. A host that does not exist would only show as silence.
 * \param binding also takes * as the host (all interfaces) and as the port (any)
 * \throws std::invalid_argument if it is not of that form, or there is no such host
 */
void check_endpoint(const std::string& endpoint, bool binding);

} // namespace sentinel
} // namespace gr
