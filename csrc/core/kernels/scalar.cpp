// scalar.cpp: the definition of every kernel. Plain loops, no intrinsics.
//
// Sums run in kLanes lanes so that the baseline compiler can use what every machine of the
// architecture has; -ffp-contract=off keeps the rounding the same everywhere.
#include <cmath>

#include "core/base/types.h"
#include "core/kernels/dots.h"
#include "core/kernels/kernels.h"

namespace likewise {
namespace {

constexpr std::size_t kLanes = kRowAlign;

float dot(const float* a, const float* b, std::size_t stride) {
  float lanes[kLanes] = {};
  for (std::size_t d = 0; d < stride; d += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) lanes[lane] += a[d + lane] * b[d + lane];
  }
  float sum = 0;
  for (const float lane : lanes) sum += lane;
  return sum;
}

float sigmoid(float x) {
  return 1.0F / (1.0F + std::exp(-x));
}

void scores(const float* a, std::size_t m, const float* const* b, std::size_t n, std::size_t stride,
            float* out, std::size_t out_stride) {
  for (std::size_t i = 0; i < m; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      out[i * out_stride + j] = dot(a + i * stride, b[j], stride);
    }
  }
}

void squares(const float* const* rows, std::size_t n, std::size_t stride, float* out) {
  for (std::size_t k = 0; k < n; ++k) out[k] = dot(rows[k], rows[k], stride);
}

void bend(const TrueSpan* spans, std::size_t m, std::size_t, const float* squares,
          const float* scales, float* curvatures, float* pulls) {
  for (std::size_t i = 0; i < m; ++i) {
    const TrueSpan& span = spans[i];
    pulls[i] = 0;
    for (std::size_t j = span.low; j < span.high; ++j) {
      pulls[i] += span.weights[j] * squares[j];
      curvatures[j] += scales[i] * span.weights[j];
    }
  }
}

void positive_steps(float* values, std::size_t row_stride, std::size_t m, std::size_t n,
                    const TrueSpan* spans, float rate) {
  for (std::size_t i = 0; i < m; ++i, values += row_stride) {
    const TrueSpan& span = spans[i];
    for (std::size_t j = 0; j < whole_lines(n); ++j) {
      const bool pair = j >= span.low && j < span.high;
      values[j] = pair ? rate * span.weights[j] * (1.0F - sigmoid(values[j])) : 0.0F;
    }
  }
}

void negative_steps(float* values, float* context_steps, std::size_t row_stride, std::size_t m,
                    std::size_t n, const float* weights, const float* bases, const float* scales) {
  for (std::size_t i = 0; i < m; ++i, values += row_stride, context_steps += row_stride) {
    for (std::size_t j = 0; j < n; ++j) {
      const float weight = scales[i] * weights[j], share = sigmoid(values[j]);
      values[j] = -weight * share;
      context_steps[j] = weight * (bases[j] - share);
    }
  }
}

void add(float* __restrict out, float scale, const Terms& terms, std::size_t i,
         std::size_t stride) {
  for (std::size_t j = 0; j < terms.n; ++j) {
    const float step = scale * terms.steps[i * terms.row_step + j * terms.column_step];
    const float* __restrict row = terms.rows[j];
    for (std::size_t d = 0; d < stride; ++d) out[d] += step * row[d];
  }
}

void accumulate(float* const* out, const float* scales, std::size_t m, const Terms* terms,
                std::size_t n, std::size_t stride) {
  for (std::size_t i = 0; i < m; ++i) {
    for (std::size_t t = 0; t < n; ++t) add(out[i], scales[i], terms[t], i, stride);
  }
}

float compose(float* __restrict out, const float* const* rows, const float* weights, std::size_t n,
              std::size_t stride) {
  for (std::size_t d = 0; d < stride; ++d) out[d] = 0.0F;
  for (std::size_t k = 0; k < n; ++k) {
    const float* __restrict row = rows[k];
    for (std::size_t d = 0; d < stride; ++d) out[d] += weights[k] * row[d];
  }
  return dot(out, out, stride);
}

void scatter(const float* __restrict gradient, float* const* rows, const float* weights,
             std::size_t n, std::size_t stride) {
  for (std::size_t k = 0; k < n; ++k) {
    float* __restrict row = rows[k];
    for (std::size_t d = 0; d < stride; ++d) row[d] += weights[k] * gradient[d];
  }
}

void collect(float* row, float scale, const float* const* gradients, const float* weights,
             std::size_t n, std::size_t stride) {
  add(row, scale, {weights, 0, 1, gradients, n}, 0, stride);
}

void teach(float* token, float* table, const RowId* rows, std::size_t n, std::size_t, float rate,
           float pull, std::size_t stride) {
  const float share = 1.0F / static_cast<float>(n);
  for (std::size_t d = 0; d < stride; d += kRowAlign) {
    float steps[kRowAlign] = {};
    const auto row_of = [&](std::size_t k) {
      return table + static_cast<std::size_t>(rows[k]) * stride + d;
    };
    for (std::size_t k = 0; k < n; ++k) {
      const float* row = row_of(k);
      for (std::size_t lane = 0; lane < kRowAlign; ++lane) steps[lane] += row[lane];
    }
    for (std::size_t lane = 0; lane < kRowAlign; ++lane) {
      const float error = token[d + lane] - share * steps[lane];
      token[d + lane] -= pull * error;
      steps[lane] = rate * error;
    }
    for (std::size_t k = 0; k < n; ++k) {
      float* row = row_of(k);
      for (std::size_t lane = 0; lane < kRowAlign; ++lane) row[lane] += steps[lane];
    }
  }
}

void scan(const float* queries, std::size_t count, const float* candidates, std::size_t dim,
          const float* bars, float* out, std::uint32_t* over) {
  for (std::size_t q = 0; q < kScanQueries; ++q) over[q] = 0;
  for (std::size_t q = 0; q < count; ++q) {
    float* sums = out + q * kScanCandidates;
    for (std::size_t c = 0; c < kScanCandidates; ++c) sums[c] = 0.0F;
    for (std::size_t d = 0; d < dim; ++d) {
      const float left = queries[d * kScanQueries + q];
      const float* right = candidates + d * kScanCandidates;
      for (std::size_t c = 0; c < kScanCandidates; ++c) sums[c] += left * right[c];
    }
    for (std::size_t c = 0; c < kScanCandidates; ++c) {
      if (sums[c] > bars[q]) over[q] |= std::uint32_t{1} << c;
    }
  }
}

void plain_dots(const float* query, const float* const* rows, std::size_t n, std::size_t dim,
                float* out) {
  for (std::size_t k = 0; k < n; ++k) {
    const std::size_t whole = dim / kLanes * kLanes;
    out[k] = dot(query, rows[k], whole);
    for (std::size_t d = whole; d < dim; ++d) out[k] += query[d] * rows[k][d];
  }
}

void scan_bytes(const std::uint32_t* const* queries, std::size_t count, const std::uint8_t* panel,
                std::size_t groups, const std::int32_t* starts, const std::int32_t* bars,
                std::uint32_t* over) {
  for (std::size_t q = 0; q < count; ++q) {
    std::int32_t sums[kScanCandidates];
    for (std::int32_t& sum : sums) sum = starts[q];
    for (std::size_t g = 0; g < groups; ++g) {
      const auto left = static_cast<std::int32_t>(queries[q][g]);
      const std::uint8_t* right = panel + g * kScanCandidates;
      for (std::size_t c = 0; c < kScanCandidates; ++c) sums[c] += left * right[c];
    }
    over[q] = 0;
    for (std::size_t c = 0; c < kScanCandidates; ++c) {
      over[q] |= static_cast<std::uint32_t>(sums[c] > bars[q]) << c;
    }
  }
}

void share(float* rows, const std::uint16_t* items, std::size_t length, const float* weights,
           std::size_t n) {
  for (std::size_t s = 0; s < n; ++s, items += length) {
    float sums[kLanes] = {};
    for (std::size_t k = 0; k < length; ++k) {
      const float* given = rows + items[k] * kLine;
      for (std::size_t lane = 0; lane < kLanes; ++lane) sums[lane] += given[lane];
    }
    for (float& sum : sums) sum *= weights[s];
    for (std::size_t k = 0; k < length; ++k) {
      float* got = rows + items[k] * kLine + kLanes;
      for (std::size_t lane = 0; lane < kLanes; ++lane) got[lane] += sums[lane];
    }
  }
}

constexpr Kernels kScalar{
    "scalar", scores,  squares, bend, positive_steps, negative_steps, accumulate, compose,
    scatter,  collect, teach,   scan, share,          plain_dots,     true_dot,   {1, scan_bytes}};

}  // namespace

const Kernels& scalar_kernels() {
  return kScalar;
}

}  // namespace likewise
