// kernels.h: the arithmetic of training and search, once per instruction set, chosen at run time.
//
// Folder kernels owns that arithmetic and nothing else: a file per instruction set, and headers for
// what the sets share, written once over a vector type. Rows are float32, aligned to kRowAlign
// floats and padded with zeros to `stride`, a multiple of it. scalar.cpp is the definition; every
// other set must agree with it within rounding, to float32 or, where a set has packed products, to
// bfloat16.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/base/types.h"

namespace likewise {

/// A product to accumulate: out_i += sum over j < n of step(i, j) * rows[j], where
/// step(i, j) = steps[i * row_step + j * column_step].
struct Terms {
  const float* steps;
  std::size_t row_step, column_step;
  const float* const* rows;
  std::size_t n;
};

/// The true contexts of a row of scores, and the weight of each place.
struct TrueSpan {
  std::size_t low, high;
  const float* weights;
};

/// Columns that `scores` may compute at a time.
inline constexpr std::size_t kScorePadding = 4;

/// Rows that `accumulate` works on at a time.
inline constexpr std::size_t kMostRows = 4;

/// Scores to compute: of columns [first, first + count) to out, out + out_stride, ... for each
/// center. Places up to the 16th may be spoilt.
struct Columns {
  std::size_t first, count;
  float* out;
  std::size_t out_stride;
};

/// Products of rows that are packed to bfloat16, rounded to the nearest; sums are float32. A word
/// is two of them in the 32 bits of a float's place, the first one in the lower half. It is what
/// `accumulate` needs of two rows (or of two steps) at once, and what `scores` needs of two
/// dimensions of a row.
struct PackedKernels {
  /// Of n rows, an even number: singles (n, stride / 2), words along each row; pairs (n / 2,
  /// stride), words across two rows; the squared lengths.
  void (*pack_centers)(const float* const* rows, std::size_t n, std::size_t stride, float* singles,
                       float* pairs, float* squares);

  /// Of 16 rows: columns (stride / 2, 16) with column_stride from row to row, words along each row,
  /// which becomes a column; pairs (8, stride); the squared lengths.
  void (*pack_contexts)(const float* const* rows, std::size_t stride, float* columns,
                        std::size_t column_stride, float* pairs, float* squares);

  /// Of one row: single (stride / 2,); and pairs (stride,) of each value, rounded, and what the
  /// rounding took from it.
  void (*pack_mean)(const float* row, std::size_t stride, float* single, float* pairs);

  /// Of steps (m, n): along (m, n / 2), words along each row; across (m / 2, n), words across two
  /// rows, a missing row being zero. Either may be null. Columns are read, and written, up to the
  /// next multiple of 16.
  void (*pack_steps)(const float* steps, std::size_t row_stride, std::size_t m, std::size_t n,
                     float* along, std::size_t along_stride, float* across,
                     std::size_t across_stride);

  /// Dot products of m centers, 1 or kMostRows, with n lists of columns; may read 15 further.
  void (*scores)(const float* singles, std::size_t m, std::size_t stride, const float* columns,
                 std::size_t column_stride, const Columns* wanted, std::size_t n);

  /// As that of Kernels, but rows are pairs and steps are words across the same two rows.
  void (*accumulate)(float* const* out, const float* scales, std::size_t m, const Terms* terms,
                     std::size_t n, std::size_t stride);
};

/// Exact search scans a tile of kScanQueries queries against kScanCandidates candidates.
inline constexpr std::size_t kScanQueries = 12;
inline constexpr std::size_t kScanCandidates = 32;

/// Products of vectors that are rounded to bytes, for a first look at many candidates. A panel has
/// kScanCandidates of them as unsigned bytes, 128 standing for zero: for each group of `group`
/// dimensions the bytes of all, those of one candidate side by side. A query is a word for each
/// group, of signed bytes within +-63: the `group` bytes, over and over; for a group of one the
/// number itself. Sums may be of 16 bits that wrap around: the true ones must be within +-32767.
struct ByteKernels {
  std::size_t group;  // 1, 2 or 4

  /// over[q] = a bit for every candidate with starts[q] + sum of byte x query > bars[q], q < count.
  void (*scan)(const std::uint32_t* const* queries, std::size_t count, const std::uint8_t* panel,
               std::size_t groups, const std::int32_t* starts, const std::int32_t* bars,
               std::uint32_t* over);
};

/// Items that are looked up ahead of those shared.
inline constexpr std::size_t kReadAhead = 32;

/// Rows of a table that kernel `teach` asks for before it comes to them.
inline constexpr std::size_t kTaughtAhead = 16;

struct Kernels {
  const char* name;

  /// out[i * out_stride + j] = dot(a_i, b[j]) for i < m, j < n; the rows of a are consecutive.
  /// May go on to the next multiple of kScorePadding in j: b must be readable there, out writable.
  void (*scores)(const float* a, std::size_t m, const float* const* b, std::size_t n,
                 std::size_t stride, float* out, std::size_t out_stride);

  /// out[k] = dot(rows[k], rows[k]) for k < n.
  void (*squares)(const float* const* rows, std::size_t n, std::size_t stride, float* out);

  /// Sums over the true contexts of m rows, and over the rows of each context: pulls[i] = sum over
  /// j of weights_i[j] * squares[j], and curvatures[j] += scales[i] * weights_i[j], for low <= j <
  /// high. All arrays are readable, and curvatures written as they are, up to the next multiple of
  /// kLine past n; m is at most kMostRows.
  void (*bend)(const TrueSpan* spans, std::size_t m, std::size_t n, const float* squares,
               const float* scales, float* curvatures, float* pulls);

  /// Scores of true contexts to steps, in place, in m rows: rate * weights[j] * (1 - sigmoid(s))
  /// for low <= j < high, zero elsewhere in [0, n) and on to the next multiple of kScorePadding;
  /// zero or as they were up to the next multiple of kLine, where weights must be readable.
  void (*positive_steps)(float* scores, std::size_t row_stride, std::size_t m, std::size_t n,
                         const TrueSpan* spans, float rate);

  /// Scores of noise to steps, in place, in m rows: -w * sigmoid(s) with w = scales[i] *
  /// weights[j]; and to steps about a base, w * (bases[j] - sigmoid(s)), in `context_steps`. All
  /// arrays are read and written up to the next multiple of kLine, and spoilt past n.
  void (*negative_steps)(float* scores, float* context_steps, std::size_t row_stride, std::size_t m,
                         std::size_t n, const float* weights, const float* bases,
                         const float* scales);

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

  /// row += scale * sum over k < n of weights[k] * gradients[k].
  void (*collect)(float* row, float scale, const float* const* gradients, const float* weights,
                  std::size_t n, std::size_t stride);

  /// With e = token - (1 / n) * sum over k < n of table row rows[k]: token -= pull * e, and each of
  /// the rows, one after the other, += rate * e; n is at least 1. Every operation rounds, in this
  /// order: all sets give the same bits. `ahead` more row numbers follow the n: the next to come.
  void (*teach)(float* token, float* table, const RowId* rows, std::size_t n, std::size_t ahead,
                float rate, float pull, std::size_t stride);

  /// queries (dim, kScanQueries) and candidates (dim, kScanCandidates, 64-byte aligned) are laid
  /// out dimension by dimension, so that scores grow in registers and nothing is summed across
  /// them. The first `count` queries are scored (more may be). over[q] gets a bit for every
  /// candidate that scores above bars[q]; where it is not 0 the scores of q are in out[q *
  /// kScanCandidates ...], elsewhere they may not be.
  void (*scan)(const float* queries, std::size_t count, const float* candidates, std::size_t dim,
               const float* bars, float* out, std::uint32_t* over);

  /// rows (n_items, kLine), aligned to lines: half a line that an item gives, half a line that it
  /// gets. Of each of n sessions of `length` distinct items, at least 1, every item gets weights[s]
  /// times the sum of what they give. kReadAhead more items must be readable.
  void (*share)(float* rows, const std::uint16_t* items, std::size_t length, const float* weights,
                std::size_t n);

  /// out[k] = dot(query, rows[k]) for k < n; nothing needs to be aligned or padded.
  void (*dots)(const float* query, const float* const* rows, std::size_t n, std::size_t dim,
               float* out);

  /// dot(a, b) in float64: four sums of every fourth product, what is left over in the first, added
  /// in pairs. The same bits in every set.
  double (*true_dot)(const float* a, const float* b, std::size_t dim);

  ByteKernels bytes;

  /// Faster products of lower precision, or null.
  const PackedKernels* packed = nullptr;
};

/// The definition, always present; and the others, which not every machine can run.
const Kernels& scalar_kernels();
#if defined(__x86_64__)
const Kernels& avx2_kernels();
const Kernels& avx512_kernels() noexcept;
const Kernels& avx512bf16_kernels();
#elif defined(__aarch64__)
const Kernels& neon_kernels();
#endif

/// Sets that this machine can run, the fastest first; the last one is scalar.
const std::vector<const Kernels*>& supported_kernels();

/// The set in use: the fastest, or the one that the environment variable LIKEWISE_KERNELS names.
/// Throws std::invalid_argument when that name is unknown or not supported here.
const Kernels& kernels();

}  // namespace likewise
