// Strided element loops under everything else: copies (transposes in blocks), products of elements, sums of
// products.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "contract/parallel.hpp"
#include "contract/strided.hpp"

namespace headway {

/// How a kernel writes its value x: out = alpha * x, or out += alpha * x.
template <class T>
struct Update {
    T alpha = T{1};
    bool add = false;

    void operator()(T& out, T x) const {
        if (add) {
            out += alpha * x;
        } else {
            out = alpha * x;
        }
    }
};

/// out <- x over axes with strides {out, x}.
template <class T>
void copy_elements(T* out, const T* x, std::vector<Axis<2>> axes, const Update<T>& update, Threads& threads);

/// out <- a * b, element by element, over axes with strides {out, a, b}.
template <class T>
void multiply_elements(T* out, const T* a, const T* b, std::vector<Axis<3>> axes, const Update<T>& update,
                       Threads& threads);

/// out <- sum over `summed` of a * b, for every element of `kept`; strides {out, a, b}. Sums are accumulated
/// in double, in pieces that depend on the extents only.
template <class T>
void sum_products(T* out, const T* a, const T* b, std::vector<Axis<3>> kept, std::vector<Axis<3>> summed,
                  const Update<T>& update, Threads& threads);

/// Σ a b over axes with strides {_, a, b}, in double.
template <class T>
double dot(const T* a, const T* b, std::vector<Axis<3>> axes, Threads& threads);

}  // namespace headway
