/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "window_history.h"

#include <boost/test/unit_test.hpp>

#include <stdexcept>

using gr::sentinel::window_history;

BOOST_AUTO_TEST_CASE(windows_keep_their_numbers)
{
    window_history history(2);
    history.reserve(3);
    for (uint64_t w = 0; w < 100; w++) {
        const gr_complex scores[] = { gr_complex(w, 0), gr_complex(0, w) };
        history.append(scores, w < 2 ? 0 : w - 2);
        BOOST_CHECK_EQUAL(history.end(), w + 1);
        for (uint64_t kept = w < 2 ? 0 : w - 2; kept <= w; kept++) {
            BOOST_CHECK_EQUAL(history.at(kept)[0], gr_complex(kept, 0));
            BOOST_CHECK_EQUAL(history.at(kept)[1], gr_complex(0, kept));
        }
        if (w == 50)
            history.reserve(7); // growing keeps what is there
    }
}

BOOST_AUTO_TEST_CASE(windows_in_use_are_not_overwritten)
{
    window_history history(1);
    history.reserve(2);
    const gr_complex score(1.0f, 0.0f);
    for (int w = 0; w < 4; w++)
        history.append(&score, 0);
    BOOST_CHECK_THROW(history.append(&score, 0), std::logic_error);
}
