// listed.cpp: scores the listed candidates of each query and merges them with those found.
#include "core/search/listed.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/kernels/kernels.h"
#include "core/search/answers.h"

namespace likewise {
namespace {

constexpr std::int64_t kGrain = 64;    // queries that a thread takes at once
constexpr std::size_t kReadAhead = 4;  // candidates whose vectors are fetched before they are met

void check(const TopKRequest& request, const Listed& listed) {
  const auto& offsets = listed.offsets;
  if (offsets.size() != request.n_queries + 1 || offsets.front() != 0 ||
      offsets.back() != static_cast<Offset>(listed.positions.size()) ||
      listed.weights.size() != listed.positions.size() ||
      !std::is_sorted(offsets.begin(), offsets.end())) {
    throw std::invalid_argument("listed must have offsets that ascend from 0 to " +
                                std::to_string(listed.positions.size()) +
                                ", one more than there are queries");
  }
  for (const ItemId position : listed.positions) {
    if (position < 0 || static_cast<std::size_t>(position) >= request.n) {
      throw std::invalid_argument("listed must have positions below " + std::to_string(request.n) +
                                  ", got " + std::to_string(position));
    }
  }
  if (!(listed.sharpness > 0.0)) throw std::invalid_argument("sharpness must be above 0");
}

void fetch(const float* row, std::size_t dim) {
#if defined(__GNUC__) || defined(__clang__)
  for (std::size_t d = 0; d < dim; d += kLine) __builtin_prefetch(row + d);
#else
  (void)row, (void)dim;
#endif
}

/// What one thread needs.
struct Workspace {
  std::vector<Found> best;
  std::vector<ItemId> named;
};

void merge(const TopKRequest& request, const Listed& listed, const Kernels& set, std::size_t query,
           ItemId* positions, float* scores, Workspace& work) {
  const auto first = static_cast<std::size_t>(listed.offsets[query]);
  const auto last = static_cast<std::size_t>(listed.offsets[query + 1]);
  if (first == last) return;
  const auto row_of = [&](std::size_t l) {
    return request.candidates + static_cast<std::size_t>(listed.positions[l]) * request.stride;
  };
  for (std::size_t l = first; l < std::min(last, first + kReadAhead); ++l) {
    fetch(row_of(l), request.dim);
  }
  work.named.assign(listed.positions.begin() + static_cast<std::ptrdiff_t>(first),
                    listed.positions.begin() + static_cast<std::ptrdiff_t>(last));
  std::sort(work.named.begin(), work.named.end());
  work.best.clear();
  for (std::size_t i = 0; i < request.k; ++i) {
    const ItemId position = positions[i];
    if (position < 0) break;
    if (std::binary_search(work.named.begin(), work.named.end(), position)) continue;
    work.best.push_back({scores[i], position});
  }
  for (std::size_t l = first; l < last; ++l) {
    if (l + kReadAhead < last) fetch(row_of(l + kReadAhead), request.dim);
    const ItemId position = listed.positions[l];
    if (!may_be_answer(request, static_cast<std::size_t>(position)) ||
        !passes(request, query, position) || !has_label_of(request, query, position)) {
      continue;
    }
    const float score = exact_score(request, set, query, position);
    work.best.push_back({joined_score(score, listed.weights[l], listed.sharpness), position});
  }
  const std::size_t count = std::min(work.best.size(), request.k);
  std::partial_sort(work.best.begin(), work.best.begin() + static_cast<std::ptrdiff_t>(count),
                    work.best.end(), better);
  for (std::size_t i = 0; i < request.k; ++i) {
    positions[i] = i < count ? work.best[i].position : -1;
    scores[i] = i < count ? work.best[i].score : kNoScore;
  }
}

}  // namespace

float joined_score(float score, float weight, double sharpness) {
  if (weight < 0.0F) return std::max(score, std::min(score - weight, 1.0F));
  if (!(weight > 0.0F)) return score;
  const auto by_vectors = static_cast<double>(score);
  const double more = static_cast<double>(weight) * std::exp(-sharpness * by_vectors);
  const double joined = by_vectors + std::log1p(more) / sharpness;
  return static_cast<float>(std::max(by_vectors, std::min(joined, 1.0)));
}

void listed_lifts(const TopKRequest& request, const Listed& listed, float* out, const Poll& poll) {
  check(request, listed);
  const Kernels& set = kernels();
  parallel_for(
      request.threads, static_cast<std::int64_t>(request.n_queries), kGrain,
      [&](std::int64_t from, std::int64_t to, int) {
        for (std::int64_t q = from; q < to; ++q) {
          const auto query = static_cast<std::size_t>(q);
          const auto last = static_cast<std::size_t>(listed.offsets[query + 1]);
          for (auto l = static_cast<std::size_t>(listed.offsets[query]); l < last; ++l) {
            const float score = exact_score(request, set, query, listed.positions[l]);
            out[l] = joined_score(score, listed.weights[l], listed.sharpness) - score;
          }
        }
      },
      poll);
}

void add_listed(const TopKRequest& request, const Listed& listed, ItemId* positions, float* scores,
                const Poll& poll) {
  check(request, listed);
  const Kernels& set = kernels();
  std::vector<Workspace> work(static_cast<std::size_t>(std::max(1, request.threads)));
  parallel_for(
      request.threads, static_cast<std::int64_t>(request.n_queries), kGrain,
      [&](std::int64_t from, std::int64_t to, int thread) {
        for (std::int64_t q = from; q < to; ++q) {
          const auto query = static_cast<std::size_t>(q);
          merge(request, listed, set, query, positions + query * request.k,
                scores + query * request.k, work[static_cast<std::size_t>(thread)]);
        }
      },
      poll);
}

}  // namespace likewise
