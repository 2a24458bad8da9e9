/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gnuradio/gr_complex.h>
#include <gnuradio/sentinel/api.h>
#include <gnuradio/sentinel/kernel/noise_floor.h>
#include <gnuradio/sentinel/kernel/pulse_correlator.h>
#include <gnuradio/sentinel/kernel/pulse_fold.h>
#include <gnuradio/sentinel/kernel/pulse_train.h>
#include <gnuradio/sentinel/kernel/pulse_train_tests.h>

#include <cstddef>
#include <memory>
#include <vector>

namespace gr {
namespace sentinel {
namespace kernel {

/*!
 * \brief Finds trains of K pulses in one cycle of W-matrix scores.
 *
 * 1. Power of each cell over the noise of its row (noise_floor).
 * 2. The best places of the folded table (pulse_fold).
 * 3. Each is refined in time and frequency below the grid (pulse_correlator). The refined
 * sum of K powers over noise is the score: the statistic that is calibrated and compared.
 * 4. A score above the threshold must pass the tests of pulse_train_tests.
 * 5. Weaker trains within the merge width of a declared one, its simultaneous side lobes,
 *    and the flanks of a refused one (3 bins, less than half its score) are not declared.
 */
class SENTINEL_API pulse_train_search
{
public:
    using cell_table = std::vector<float>;

    /*!
     * \param geometry validated here
     * \param pulse_template `window` samples, empty for rectangular
     * \param table working memory, windows x rows, that searches may share which are not
     *        used at the same time; it grows to the largest of them. Own memory if null.
     * \throws std::invalid_argument see pulse_train_geometry::validate and wmatrix_stft
     */
    explicit pulse_train_search(const pulse_train_geometry& geometry,
                                const std::vector<gr_complex>& pulse_template = {},
                                std::shared_ptr<cell_table> table = nullptr);

    const pulse_train_geometry& geometry() const { return d_geometry; }

    /*!
     * \param scores cycle_windows() x rows from wmatrix_stft, window after window
     * \param threshold least score to declare
     * \param most declared trains at the most; rejected ones come on top
     * \param merge width in frequency, cycles per sample
     * \param filled one flag per window, 1 where a filled sample lies in it; such windows
     *        do not enter the noise, and a pulse in them is not called missing. Null if
     *        there are none.
     * \return trains above the threshold, strongest first, the rejected with their reason
     */
    std::vector<pulse_train> search(const gr_complex* scores,
                                    float threshold,
                                    size_t most,
                                    double merge,
                                    const unsigned char* filled = nullptr);

    //! Score of the strongest train of the cycle, whatever it is: the null statistic.
    float maximum(const gr_complex* scores);

    //! After search() or maximum(): the largest score of the cycle, declared or not.
    float best_score() const { return d_best_score; }

    //! After search() or maximum(): median over rows of the noise of a cell, nw * s2.
    float noise() const;

private:
    struct refined {
        long start;
        double frequency;
        float power;    // sum of K, not yet over noise
        double stretch; // actual over nominal interval
    };

    void load(const gr_complex* scores, const unsigned char* filled);
    size_t leave_out_filled();
    bool is_filled(double start) const;
    float noise_at(double frequency) const;
    refined refine(const fold_peak& peak);
    void polish(refined& train);
    void stretch(refined& train);
    pulse_train describe(const refined& train, float score);
    bool hides_behind(const refined& train,
                      float score,
                      const std::vector<pulse_train>& found,
                      double merge) const;

    pulse_train_geometry d_geometry;
    noise_floor d_noise_floor;
    pulse_fold d_fold;
    pulse_correlator d_correlator;
    pulse_train_tests d_tests;
    float d_best_score = 0.0f;
    const gr_complex* d_scores = nullptr;
    const unsigned char* d_filled = nullptr;
    std::shared_ptr<cell_table> d_table; // power over noise, windows x rows
    std::vector<float> d_noise;          // rows
    std::vector<float> d_inverse_noise;
};

} // namespace kernel
} // namespace sentinel
} // namespace gr
