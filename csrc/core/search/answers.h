// answers.h: what may answer a query, how well, and in which order; shared by all ways of
// searching.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include "core/base/types.h"
#include "core/kernels/kernels.h"
#include "core/search/top_k.h"

namespace likewise {

inline constexpr float kNoScore = -std::numeric_limits<float>::infinity();

struct Found {
  float score;
  ItemId position;
};

/// The order of answers: equal scores by position.
inline bool better(const Found& a, const Found& b) {
  return a.score > b.score || (a.score == b.score && a.position < b.position);
}

inline bool may_be_answer(const TopKRequest& request, std::size_t candidate) {
  return request.allowed == nullptr || request.allowed[candidate] != 0;
}

/// Whether the filters of one query let a candidate through, those of `allowed` and `same` aside.
inline bool passes(const TopKRequest& request, std::size_t query, ItemId candidate) {
  if (request.exclude != nullptr && request.exclude[query] == candidate) return false;
  for (const Labels& labels : request.different) {
    const std::int32_t label = labels.of_queries[query];
    if (label >= 0 && label == labels.of_candidates[candidate]) return false;
  }
  if (request.excluded_offsets != nullptr) {
    const ItemId* first = request.excluded + request.excluded_offsets[query];
    const ItemId* last = request.excluded + request.excluded_offsets[query + 1];
    if (std::find(first, last, candidate) != last) return false;
  }
  return true;
}

/// The same for `same`.
inline bool has_label_of(const TopKRequest& request, std::size_t query, ItemId candidate) {
  if (request.same.of_queries == nullptr) return true;
  const std::int32_t label = request.same.of_queries[query];
  return label >= 0 && label == request.same.of_candidates[candidate];
}

/// The score that counts: summed in float64, always in the same order, and rounded once.
inline float exact_score(const TopKRequest& request, const Kernels& set, std::size_t query,
                         ItemId candidate) {
  const auto at = static_cast<std::size_t>(candidate);
  return static_cast<float>(set.true_dot(request.queries + query * request.query_stride,
                                         request.candidates + at * request.stride, request.dim));
}

/// The length of a vector, or a little more: lengths are bounds.
inline float length_of(const float* values, std::size_t dim) {
  double sum = 0.0;
  for (std::size_t d = 0; d < dim; ++d) {
    sum += static_cast<double>(values[d]) * static_cast<double>(values[d]);
  }
  return static_cast<float>(std::sqrt(sum)) * (1.0F + 1e-5F);
}

/// What a shortlist asks about the candidates of one query.
struct Truth {
  const TopKRequest& request;
  const Kernels& set;
  std::size_t query;

  float exact(ItemId candidate) const { return exact_score(request, set, query, candidate); }
  bool equal(ItemId a, ItemId b) const {
    const float* first = request.candidates + static_cast<std::size_t>(a) * request.stride;
    const float* second = request.candidates + static_cast<std::size_t>(b) * request.stride;
    return std::memcmp(first, second, request.dim * sizeof(float)) == 0;
  }
};

/// Fills one query's row of the answer from candidates, which are scored again and ordered.
inline void write_row(const TopKRequest& request, const Kernels& set, std::size_t query,
                      std::vector<Found>& found, ItemId* positions, float* scores) {
  for (Found& one : found) one.score = exact_score(request, set, query, one.position);
  std::sort(found.begin(), found.end(), better);
  const std::size_t count = std::min(found.size(), request.k);
  for (std::size_t i = 0; i < count; ++i) {
    positions[query * request.k + i] = found[i].position;
    scores[query * request.k + i] = found[i].score;
  }
}

/// Lays `count` rows out dimension by dimension, `kWidth` of them side by side; the rest are zero.
template <std::size_t kWidth, class RowAt>
void lay_out(std::size_t count, std::size_t dim, float* out, const RowAt& row_at) {
  constexpr std::size_t kTogether = 4;
  static_assert(kWidth % kTogether == 0);
  if (count < kWidth) std::fill_n(out, dim * kWidth, 0.0F);
  std::size_t i = 0;
  for (; i + kTogether <= count; i += kTogether) {
    const float *a = row_at(i), *b = row_at(i + 1), *c = row_at(i + 2), *d = row_at(i + 3);
    float* place = out + i;
    for (std::size_t e = 0; e < dim; ++e, place += kWidth) {
      place[0] = a[e];
      place[1] = b[e];
      place[2] = c[e];
      place[3] = d[e];
    }
  }
  for (; i < count; ++i) {
    const float* row = row_at(i);
    for (std::size_t e = 0; e < dim; ++e) out[e * kWidth + i] = row[e];
  }
}

}  // namespace likewise
