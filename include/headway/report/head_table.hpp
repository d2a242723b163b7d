// Heads at a glance as a table: a row a head, everything that was measured of it, and labels with the
// thresholds that gave them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/measure/head_measures.hpp"
#include "headway/report/table.hpp"

#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace headway {

/// The least value that gives a head a label.
struct LabelThresholds {
    double previous = 0.3;   ///< previous-token
    double duplicate = 0.3;  ///< duplicate-token
    double induction = 0.3;  ///< induction
    double first = 0.5;      ///< first-token
    double copying = 0.9;    ///< copying, of full OV
};

/// `induction=0.4,copying=0.95`. Throws Error(Usage) for another name or no number.
LabelThresholds parse_label_thresholds(std::string_view text);

/// The labels of the head in that place: `induction, copying`.
std::string head_labels(const HeadMeasures& measures, std::size_t place, const LabelThresholds& thresholds);

/// Which rows are shown, and in which order.
struct HeadView {
    std::vector<Head> heads = {};                                 ///< empty: all
    std::vector<int> layers = {};                                 ///< empty: all
    double threshold = -std::numeric_limits<double>::infinity();  ///< least value in the column `sort`
    std::size_t top = std::numeric_limits<std::size_t>::max();
    std::string sort = "head";  ///< `head`, or a column of numbers: largest first, undefined ones last
};

/// Whether the head is one of the view's heads and layers.
bool shows(const HeadView& view, Head head);

/// Columns: `head,labels`; copying and matching scores with their errors; with a probe `previous,duplicate,
/// induction,first`; norms and ranks of OV and QK; positional preference; sizes of biases; partners; and
/// `undefined`, which says of every column without a value why.
/// Throws Error(Usage) for a `sort` that is no column of numbers.
Table head_rows(const HeadMeasures& measures, const Config& config, const LabelThresholds& thresholds = {},
                const HeadView& view = {});

/// What the columns are, a sentence or two for each group of them that there is: the caption, but for labels
/// and rows.
std::vector<std::string> head_sentences(const HeadMeasures& measures, const Config& config);

/// The loss of a probe on its two halves, or why there is none.
std::string loss_sentence(const Probe& probe);

}  // namespace headway
