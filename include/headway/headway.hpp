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
#include "headway/base/error.hpp"
#include "headway/base/head.hpp"
#include "headway/base/version.hpp"
