// kernels.h: the arithmetic of training, once per instruction set, chosen once at run time.
//
// Rows are float32, aligned to kRowAlign floats and padded with zeros to `stride`, a multiple of
// it. kernels_scalar.cpp is the definition; every other set must agree with it within rounding.
#pragma once

#include <cstddef>
#include <vector>

namespace likewise {

/// A product to accumulate: out_i += sum over j < n of step(i, j) * rows[j], where
/// step(i, j) = steps[i * row_step + j * column_step].
struct Terms {
  const float* steps;
  std::size_t row_step, column_step;
  const float* const* rows;
  std::size_t n;
};

/// Columns that `scores` may compute at a time.
inline constexpr std::size_t kScorePadding = 4;

/// Rows that `accumulate` works on at a time.
inline constexpr std::size_t kMostRows = 4;

struct Kernels {
  const char* name;

  /// out[i * out_stride + j] = dot(a_i, b[j]) for i < m, j < n; the rows of a are consecutive.
  /// May go on to the next multiple of kScorePadding in j: b must be readable there, out writable.
  void (*scores)(const float* a, std::size_t m, const float* const* b, std::size_t n,
                 std::size_t stride, float* out, std::size_t out_stride);

  /// out[k] = dot(rows[k], rows[k]) for k < n.
  void (*squares)(const float* const* rows, std::size_t n, std::size_t stride, float* out);

  /// Scores of true contexts to steps, in place: rate * weights[j] * (1 - sigmoid(s)) for
  /// low <= j < high, zero elsewhere in [0, n) and on to the next multiple of kScorePadding. Places
  /// up to the next multiple of kLine are spoilt; weights must be readable there.
  void (*positive_steps)(float* scores, std::size_t n, std::size_t low, std::size_t high,
                         const float* weights, float rate);

  /// Scores of noise to steps, in place: -w * sigmoid(s) with w = scale * weights[j]; and to
  /// steps about a base, w * (bases[j] - sigmoid(s)), in `context_steps`. All arrays are read and
  /// written up to the next multiple of kLine, and spoilt past n.
  void (*negative_steps)(float* scores, float* context_steps, std::size_t n, const float* weights,
                         const float* bases, float scale);

  /// Adds scales[i] times all n terms to row i of the m rows that `out` points to; m is at most
  /// kMostRows.
  void (*accumulate)(float* const* out, const float* scales, std::size_t m, const Terms* terms,
                     std::size_t n, std::size_t stride);

  /// out = sum over k < n of weights[k] * rows[k]; returns its squared length.
  float (*compose)(float* out, const float* const* rows, const float* weights, std::size_t n,
                   std::size_t stride);

  /// rows[k] += weights[k] * gradient, for k < n.
  void (*scatter)(const float* gradient, float* const* rows, const float* weights, std::size_t n,
                  std::size_t stride);
};

/// The definition, always present.
const Kernels& scalar_kernels();

/// Sets that this machine can run, the fastest first; the last one is scalar.
const std::vector<const Kernels*>& supported_kernels();

/// The set in use: the fastest, or the one that the environment variable LIKEWISE_KERNELS names.
/// Throws std::invalid_argument when that name is unknown or not supported here.
const Kernels& kernels();

}  // namespace likewise
