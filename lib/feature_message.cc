/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "feature_message.h"

#include <gnuradio/gr_complex.h>
#include <gnuradio/sentinel/kernel/channelizer_features.h>

#include <iterator>
#include <vector>

namespace gr {
namespace sentinel {

namespace {

// In the order of the record.
const char* const scalar_names[] = { "entropy",         "row_kurtosis", "rows",
                                     "saturated_share", "filled_share", "lost_samples",
                                     "gain_db",         "dc_i",         "dc_q" };
static_assert(std::size(scalar_names) == kernel::channelizer_features::scalar_count,
              "every scalar has a name");

pmt::pmt_t with(const pmt::pmt_t& dict, const char* key, const pmt::pmt_t& value)
{
    return pmt::dict_add(dict, pmt::mp(key), value);
}

} // namespace

pmt::pmt_t
feature_message(const float* record, size_t channels, const snapshot_facts& facts)
{
    std::vector<gr_complex> coherence(channels);
    for (size_t k = 0; k < channels; k++)
        coherence[k] = { record[2 * channels + k], record[3 * channels + k] };
    auto dict = pmt::make_dict();
    dict = with(dict, "sample_start", pmt::from_uint64(facts.sample_start));
    dict = with(dict, "sample_count", pmt::from_uint64(facts.sample_count));
    dict = with(dict, "sample_rate", pmt::from_double(facts.sample_rate));
    dict = with(dict, "time", facts.time);
    dict = with(dict, "freq_hz", facts.center_freq);
    dict = with(dict, "stream", facts.stream);
    dict = with(dict, "power", pmt::init_f32vector(channels, record));
    dict = with(dict, "kurtosis", pmt::init_f32vector(channels, record + channels));
    dict = with(dict, "coherence", pmt::init_c32vector(channels, coherence));
    for (size_t i = 0; i < std::size(scalar_names); i++)
        dict = with(dict, scalar_names[i], pmt::from_double(record[4 * channels + i]));
    return dict;
}

} // namespace sentinel
} // namespace gr
