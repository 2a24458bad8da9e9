/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/lane_fft.h"
#include "snapshot_clock.h"

#include <gnuradio/gr_complex.h>
#include <gnuradio/sentinel/kernel/channelizer_features.h>

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <complex>
#include <random>
#include <stdexcept>
#include <vector>

using namespace gr::sentinel::kernel;

namespace {

std::vector<gr_complex> noise(size_t count, unsigned seed = 1)
{
    std::mt19937 engine(seed);
    std::normal_distribution<float> normal(0, std::sqrt(0.5f));
    std::vector<gr_complex> samples(count);
    for (auto& x : samples) {
        const float re = normal(engine);
        x = { re, normal(engine) };
    }
    return samples;
}

channelizer_features::config settings(size_t snapshot)
{
    channelizer_features::config c;
    c.sample_rate = 1e6;
    c.channels = 16;
    c.taps = channelizer_prototype(16, 4);
    c.snapshot_samples = snapshot;
    return c;
}

//! All records, with room for `room` at a time.
std::vector<float>
run(channelizer_features& features, const std::vector<gr_complex>& samples, size_t room)
{
    std::vector<float> records, some(room * features.record_length());
    const auto keep = [&](size_t count) {
        records.insert(
            records.end(), some.begin(), some.begin() + count * features.record_length());
    };
    for (size_t done = 0; done < samples.size();) {
        const auto step = features.process(
            samples.data() + done, samples.size() - done, some.data(), room);
        done += step.consumed;
        keep(step.produced);
    }
    while (const size_t count = features.finish(some.data(), room))
        keep(count);
    return records;
}

} // namespace

BOOST_AUTO_TEST_CASE(the_transform_of_any_size_is_the_definition)
{
    for (size_t size :
         { 2, 4, 6, 8, 10, 14, 16, 22, 30, 32, 34, 64, 90, 128, 250, 256 }) {
        const auto x = noise(8 * size, static_cast<unsigned>(size));
        const lane_fft transform(size);
        aligned_floats in(16 * size), out(16 * size);
        for (size_t n = 0; n < size; n++)
            for (size_t lane = 0; lane < 8; lane++) {
                in.data()[16 * n + lane] = x[lane * size + n].real();
                in.data()[16 * n + 8 + lane] = x[lane * size + n].imag();
            }
        const float* found = transform.run(in.data(), out.data());
        for (size_t lane = 0; lane < 8; lane++)
            for (size_t k = 0; k < size; k++) {
                std::complex<double> sum = 0;
                for (size_t n = 0; n < size; n++)
                    sum += std::complex<double>(x[lane * size + n]) *
                           std::polar(1.0, -2 * M_PI * double(k * n % size) / size);
                const std::complex<double> y(found[16 * k + lane],
                                             found[16 * k + 8 + lane]);
                BOOST_CHECK_SMALL(std::abs(y - sum), 1e-5 * std::sqrt(size * 1.0));
            }
    }
}

BOOST_AUTO_TEST_CASE(noise_has_kurtosis_two_and_equal_channels)
{
    const size_t rows = 20000;
    channelizer_features features(settings(16 * rows));
    const auto records = run(features, noise(16 * rows), 1);
    BOOST_REQUIRE_EQUAL(records.size(), features.record_length());
    for (size_t k = 0; k < 16; k++) {
        BOOST_CHECK_SMALL(records[k] * 16 - 1, float(6 / std::sqrt(rows)));
        BOOST_CHECK_SMALL(records[16 + k] - 2, float(12 / std::sqrt(rows)));
    }
    BOOST_CHECK_SMALL(records[64 + channelizer_features::entropy] - 4, 1e-3f);
    BOOST_CHECK_EQUAL(records[64 + channelizer_features::rows], float(rows - 3));
}

BOOST_AUTO_TEST_CASE(a_full_output_only_delays_records)
{
    // Many snapshots within one block of the mean, and room for one or two of them.
    const auto samples = noise(20001);
    channelizer_features features(settings(100));
    const auto whole = run(features, samples, 1000);
    BOOST_CHECK_EQUAL(whole.size(), 201 * features.record_length());
    for (size_t room : { 1, 2 }) {
        features.reset();
        const auto found = run(features, samples, room);
        BOOST_REQUIRE_EQUAL(found.size(), whole.size());
        for (size_t i = 0; i < whole.size(); i++)
            BOOST_CHECK(found[i] == whole[i] ||
                        (std::isnan(found[i]) && std::isnan(whole[i])));
    }
    // A block's worth is consumed before the first record: then they are due.
    features.reset();
    float one[1000];
    features.process(samples.data(), 20001, one, 0);
    BOOST_CHECK(features.records_due() > 0);
    BOOST_CHECK_EQUAL(features.next_sample(), features.block_samples());
}

BOOST_AUTO_TEST_CASE(the_mean_is_taken_off_and_told)
{
    auto samples = noise(100000);
    for (auto& x : samples)
        x += gr_complex(3, -2);
    channelizer_features features(settings(100000));
    const auto records = run(features, samples, 1);
    BOOST_CHECK_SMALL(records[8] * 16 - 1, 0.08f);
    BOOST_CHECK_SMALL(records[64 + channelizer_features::dc_i] - 3, 0.02f);
    BOOST_CHECK_SMALL(records[64 + channelizer_features::dc_q] + 2, 0.02f);
}

BOOST_AUTO_TEST_CASE(bad_settings_and_calls_are_named)
{
    auto odd = settings(1000);
    odd.channels = 15;
    BOOST_CHECK_THROW(channelizer_features{ odd }, std::invalid_argument);
    auto wide = settings(1000);
    wide.format = sample_format::cf64_le;
    BOOST_CHECK_THROW(channelizer_features{ wide }, std::invalid_argument);
    auto brief = settings(15);
    BOOST_CHECK_THROW(channelizer_features{ brief }, std::invalid_argument);
    BOOST_CHECK_THROW(channelizer_prototype(15, 8), std::invalid_argument);
    BOOST_CHECK_THROW(channelizer_prototype(16, 65), std::invalid_argument);

    channelizer_features features(settings(1000));
    float record[100];
    BOOST_CHECK_THROW(features.process(nullptr, 1, record, 1), std::invalid_argument);
    features.finish(record, 1);
    BOOST_CHECK_THROW(features.skip(1, record, 1), std::logic_error);
}

BOOST_AUTO_TEST_CASE(time_of_snapshots_does_not_go_back)
{
    constexpr uint64_t second = 1000000000, far = uint64_t(1) << 40;
    gr::sentinel::snapshot_clock clock(1000);
    uint64_t time_ns = 0;
    BOOST_CHECK(!clock.find(far, far + 1000, time_ns));
    clock.stamp(far + 1500, 50 * second); // begins within the second snapshot
    BOOST_CHECK(clock.find(far + 1000, far + 2000, time_ns));
    BOOST_CHECK_EQUAL(time_ns, 49 * second + second / 2);
    clock.stamp(far + 2000, 49 * second); // back: left out
    BOOST_CHECK(clock.find(far + 2000, far + 3000, time_ns));
    BOOST_CHECK_EQUAL(time_ns, 50 * second + second / 2);
    clock.stamp(far + 2500, 70 * second); // forward
    clock.find(far + 3000, far + 4000, time_ns);
    BOOST_CHECK_EQUAL(time_ns, 70 * second + second / 2);
    clock.forget();
    BOOST_CHECK(!clock.find(0, 1000, time_ns));
}
