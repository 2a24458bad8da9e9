/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gnuradio/sentinel/api.h>
#include <gnuradio/sync_block.h>
#include <pmt/pmt.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace gr {
namespace sentinel {

//! From `sample_start` on the centre frequency and the clock are these.
struct SENTINEL_API recording_segment {
    uint64_t sample_start = 0;  //!< index in the data file
    double center_freq_hz = 0;  //!< 0 where it is not known
    bool has_time = false;      //!< whether the two below mean anything
    uint64_t time_s = 0;        //!< UTC of sample_start: whole seconds since 1970
    double time_fraction_s = 0; //!< and their fraction, [0, 1)
};

//! From `sample_start` on the receiver's gain is this. It begins no segment.
struct SENTINEL_API recording_gain {
    uint64_t sample_start = 0; //!< index in the data file
    double gain_db = 0;
};

struct SENTINEL_API recording_config {
    std::string path;               //!< "-" is standard input
    std::string format = "cf32_le"; //!< see kernel/sample_format.h
    double sample_rate = 0;         //!< Hz
    uint64_t byte_offset = 0;       //!< where sample 0 begins in the file
    size_t channel = 0;             //!< which of the interleaved channels
    size_t channel_count = 1;
    uint64_t sample_start = 0; //!< first sample of the region, index in the data file
    int64_t sample_count = -1; //!< -1: up to the end
    bool native =
        false; //!< items stay as they lie in the file: cu8, ci8, cu16_le, ci16_le
    //! Ascending; none means one segment without frequency and time.
    std::vector<recording_segment> segments;
    std::vector<recording_gain> gains; //!< ascending; none: not known
    //! Value of the tag `sentinel_stream`, see docs/messages.md; nil for no such tag.
    pmt::pmt_t stream = pmt::PMT_NIL;
};

/*!
 * \brief Samples of a raw recording or of standard input as complex floats, full
 * scale 1.0.
 *
 * Output port 0: gr_complex; with `native` the bytes of one sample, of integer formats in
 * the machine's byte order only (item size 2 or 4). Tags written, on the first item and
 * on the first item of each further segment: `sentinel_start` (uint64, index in the data
 * file), `sentinel_step` (uint64, 1), `rx_rate` and `rx_freq` (double, Hz), and where the
 * clock is known `rx_time` (tuple of uint64 seconds and double fraction). On the last
 * item: `sentinel_end` (uint64, index one past it). Where the gain is known,
 * `sentinel_gain` (double, dB) on the first item of each segment and wherever it steps.
 * On the first item only:
 * `sentinel_stream` (dict), which names the input. One sample is always held back until
 * it is known whether another follows, so that the last item carries its tag whether the
 * input ends by itself, fails, or is asked to end. A stream without any sample has no
 * tags.
 *
 * work() waits at most 100 ms, and only for standard input. A read error does not throw
 * (that would end the process): the stream ends and failure() tells why.
 */
class SENTINEL_API recording_source : virtual public gr::sync_block
{
public:
    using sptr = std::shared_ptr<recording_source>;

    /*!
     * \throws std::invalid_argument for a configuration that makes no sense
     * \throws std::runtime_error if the file cannot be opened
     */
    static sptr make(const recording_config& config);

    //! Ends the stream with the next items. May be called from any thread, at any time.
    virtual void request_end() = 0;

    virtual uint64_t samples_read() const = 0;      //!< given to the output so far
    virtual uint64_t samples_clipped() const = 0;   //!< at a rail of the native type
    virtual uint64_t samples_nonfinite() const = 0; //!< replaced by 0
    virtual uint64_t bytes_left_over() const = 0;   //!< of an incomplete last sample
    virtual std::string failure() const = 0;        //!< empty while all is well
};

} // namespace sentinel
} // namespace gr
