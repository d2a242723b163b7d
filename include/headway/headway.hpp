// All of Headway, in the order in which a model flows through it:
//
//   base      errors, head labels, Config
//   io        file formats                          network   indices and expressions: symbols, no numbers
//   linalg    matrices                              expand    rewriting: paths, scores, their terms
//   model     checked, folded weights
//   contract  where symbols meet numbers: plan an order, evaluate it
//   measure   composition, contributions, spectra
//   circuit   the weighted graph of components
//   draw      diagrams and their pictures
//   report    tables and files
//
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/base/config.hpp"
#include "headway/base/config_names.hpp"
#include "headway/base/error.hpp"
#include "headway/base/head.hpp"
#include "headway/base/progress.hpp"
#include "headway/base/text.hpp"
#include "headway/base/version.hpp"

#include "headway/io/dtype.hpp"
#include "headway/io/encode.hpp"
#include "headway/io/float_formats.hpp"
#include "headway/io/json.hpp"
#include "headway/io/model_path.hpp"
#include "headway/io/npy.hpp"
#include "headway/io/output_file.hpp"
#include "headway/io/safetensors.hpp"
#include "headway/io/tensor_statistics.hpp"
#include "headway/io/token_text.hpp"
#include "headway/io/weight_files.hpp"

#include "headway/network/expression.hpp"
#include "headway/network/index.hpp"
#include "headway/network/leaves.hpp"
#include "headway/network/notation.hpp"
#include "headway/network/snapshot.hpp"
#include "headway/network/text.hpp"
#include "headway/network/transformer.hpp"

#include "headway/expand/distribute.hpp"
#include "headway/expand/edit.hpp"
#include "headway/expand/edit_text.hpp"
#include "headway/expand/fold.hpp"
#include "headway/expand/freeze.hpp"
#include "headway/expand/head_circuit.hpp"
#include "headway/expand/modular.hpp"
#include "headway/expand/mutate.hpp"
#include "headway/expand/normalise.hpp"
#include "headway/expand/open_head.hpp"
#include "headway/expand/orders.hpp"
#include "headway/expand/path.hpp"
#include "headway/expand/path_term.hpp"
#include "headway/expand/paths.hpp"
#include "headway/expand/score.hpp"
#include "headway/expand/select.hpp"
#include "headway/expand/self_check.hpp"
#include "headway/expand/source.hpp"
#include "headway/expand/verify.hpp"

#include "headway/linalg/spectra.hpp"

#include "headway/model/begin_token.hpp"
#include "headway/model/compare.hpp"
#include "headway/model/given_leaves.hpp"
#include "headway/model/leaf.hpp"
#include "headway/model/load.hpp"
#include "headway/model/model.hpp"
#include "headway/model/save.hpp"
#include "headway/model/series.hpp"
#include "headway/model/tokens.hpp"

#include "headway/contract/evaluate.hpp"
#include "headway/contract/plan.hpp"
#include "headway/contract/tiles.hpp"

#include "headway/measure/channels.hpp"
#include "headway/measure/composition.hpp"
#include "headway/measure/corner.hpp"
#include "headway/measure/edges.hpp"
#include "headway/measure/head_measures.hpp"
#include "headway/measure/heads.hpp"
#include "headway/measure/paths.hpp"
#include "headway/measure/positional.hpp"
#include "headway/measure/probe.hpp"
#include "headway/measure/run.hpp"
#include "headway/measure/score_network.hpp"
#include "headway/measure/score_terms.hpp"
#include "headway/measure/spectra.hpp"

#include "headway/circuit/graph.hpp"
#include "headway/circuit/graphml.hpp"
#include "headway/circuit/select.hpp"

#include "headway/draw/circuit_diagram.hpp"
#include "headway/draw/diagram.hpp"
#include "headway/draw/dot.hpp"
#include "headway/draw/gallery.hpp"
#include "headway/draw/model_diagram.hpp"
#include "headway/draw/render.hpp"
#include "headway/draw/tensor_diagram.hpp"
#include "headway/draw/text.hpp"

#include "headway/report/circuit_table.hpp"
#include "headway/report/comparison_table.hpp"
#include "headway/report/composition_compare.hpp"
#include "headway/report/composition_plot.hpp"
#include "headway/report/composition_table.hpp"
#include "headway/report/error_text.hpp"
#include "headway/report/head_table.hpp"
#include "headway/report/model_table.hpp"
#include "headway/report/network_table.hpp"
#include "headway/report/path_table.hpp"
#include "headway/report/plan_table.hpp"
#include "headway/report/plot.hpp"
#include "headway/report/result.hpp"
#include "headway/report/run_table.hpp"
#include "headway/report/selection.hpp"
#include "headway/report/table.hpp"
#include "headway/report/tensor_table.hpp"
#include "headway/report/value_table.hpp"
#include "headway/report/verification_table.hpp"
