// listed.cpp: scores the listed candidates of each query and merges them with those found.
#include "core/search/listed.h"

#include <algorithm>
#include <cmath>
#include <limits>
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

/// The best by whole scores so far, the worst of them first.
class Best {
 public:
  void reset(std::size_t k) {
    k_ = k;
    heap_.clear();
  }

  /// What a candidate must beat.
  bool full() const { return heap_.size() == k_; }
  float bar() const { return heap_.front().score; }

  void add(Found one) {
    if (full()) {
      if (!better(one, heap_.front())) return;
      std::pop_heap(heap_.begin(), heap_.end(), better);
      heap_.back() = one;
    } else {
      heap_.push_back(one);
    }
    std::push_heap(heap_.begin(), heap_.end(), better);
  }

  /// Puts them in order, the best first.
  std::span<const Found> sorted() {
    std::sort_heap(heap_.begin(), heap_.end(), better);
    return heap_;
  }

 private:
  std::vector<Found> heap_;
  std::size_t k_ = 0;
};

/// One of the best by vectors: its position, and its place among them.
struct Placed {
  ItemId position;
  std::size_t place;
};

/// What one thread needs.
struct Workspace {
  Best best;
  std::vector<Placed> found;        // by position
  std::vector<std::size_t> others;  // listed, and not among the best by vectors
};

/// The weight with which a candidate that vectors score `floor` at most reaches a bar. Never too
/// high: what rounding may take is left.
class Bound {
 public:
  Bound(float floor, double sharpness) : floor_(floor), sharpness_(sharpness) {
    least_ = std::exp(sharpness_ * (floor_ + kSlack));
  }

  void raise(float bar) {
    if (bar == bar_) return;
    bar_ = bar;
    weight_ = std::exp(sharpness_ * (bar - kSlack)) - least_;
    more_ = bar - floor_ - kSlack;
  }

  bool beats(float weight) const {
    return weight < 0.0F ? -weight >= more_ : static_cast<double>(weight) >= weight_;
  }

 private:
  static constexpr float kSlack = 1e-5F;
  float floor_;
  double sharpness_;
  float bar_ = -std::numeric_limits<float>::infinity();
  double least_, weight_ = -std::numeric_limits<double>::infinity();
  float more_ = -std::numeric_limits<float>::infinity();
};

void merge(const TopKRequest& request, const Listed& listed, const Kernels& set, std::size_t query,
           ItemId* positions, float* scores, Workspace& work) {
  const auto first = static_cast<std::size_t>(listed.offsets[query]);
  const auto last = static_cast<std::size_t>(listed.offsets[query + 1]);
  if (first == last) return;
  work.found.clear();
  while (work.found.size() < request.k && positions[work.found.size()] >= 0) {
    work.found.push_back({positions[work.found.size()], work.found.size()});
  }
  // Others score no more by vectors than the last of the best, where those are as many as wanted.
  const bool bounded = work.found.size() == request.k;
  Bound bound(bounded ? scores[request.k - 1] : 1.0F, listed.sharpness);
  const auto by_position = [](const Placed& a, const Placed& b) { return a.position < b.position; };
  std::sort(work.found.begin(), work.found.end(), by_position);
  work.others.clear();
  for (std::size_t l = first; l < last; ++l) {
    const Placed wanted{listed.positions[l], 0};
    const auto there = std::lower_bound(work.found.begin(), work.found.end(), wanted, by_position);
    if (there == work.found.end() || there->position != wanted.position) {
      work.others.push_back(l);
      continue;
    }
    float& score = scores[there->place];
    score = joined_score(score, listed.weights[l], listed.sharpness);
  }
  work.best.reset(request.k);
  for (const Placed& one : work.found) work.best.add({scores[one.place], one.position});
  const auto fetch_one = [&](std::size_t n) {
    if (n >= work.others.size() || !bound.beats(listed.weights[work.others[n]])) return;
    const auto position = static_cast<std::size_t>(listed.positions[work.others[n]]);
    fetch(request.candidates + position * request.stride, request.dim);
  };
  if (bounded) bound.raise(work.best.bar());
  for (std::size_t n = 0; n < kReadAhead; ++n) fetch_one(n);
  for (std::size_t n = 0; n < work.others.size(); ++n) {
    fetch_one(n + kReadAhead);
    const std::size_t l = work.others[n];
    if (!bound.beats(listed.weights[l])) continue;
    const ItemId position = listed.positions[l];
    if (!may_be_answer(request, static_cast<std::size_t>(position)) ||
        !passes(request, query, position) || !has_label_of(request, query, position)) {
      continue;
    }
    const float score = exact_score(request, set, query, position);
    work.best.add({joined_score(score, listed.weights[l], listed.sharpness), position});
    if (bounded) bound.raise(work.best.bar());
  }
  const std::span<const Found> best = work.best.sorted();
  for (std::size_t i = 0; i < request.k; ++i) {
    positions[i] = i < best.size() ? best[i].position : -1;
    scores[i] = i < best.size() ? best[i].score : kNoScore;
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
