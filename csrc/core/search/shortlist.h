// shortlist.h: the best k of one query so far, by scores that may be wrong by a little.
//
// Scores come in float32, and `error` bounds how far one is from the true score, which is summed in
// float64. Nobody is dropped who may be among the true best k: answers do not depend on the order
// in which candidates come, nor on how their scores were summed.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "core/base/types.h"
#include "core/search/answers.h"

namespace likewise {

/// How far a float32 sum of `dim` products is from the true one, for vectors of length 1, whatever
/// the order in which it is summed; and twice that for what is rounded beside it.
inline float rounding_of(std::size_t dim) {
  return static_cast<float>(dim + 32) * 0x1p-23F;
}

class Shortlist {
 public:
  void reset(std::size_t keep) {
    keep_ = keep;
    bar_ = kNoScore;
    error_ = 0.0F;
    worst_ = -1;
    found_.clear();
  }

  /// The k-th best true score is no less.
  float bar() const { return bar_; }

  /// Takes a candidate that may be one of the best; returns whether the bar has moved. `error` is
  /// that of this score and all before it. `truth` knows exact(position), a true score, and
  /// equal(a, b), whether two candidates are equal bit by bit.
  template <class Truth>
  bool add(float score, ItemId position, float error, const Truth& truth) {
    error_ = std::max(error_, error);
    if (score < bar_ - error_) return false;
    // Of many equal ones that come by position most are the worst that is there, and too late.
    if (position > worst_ && score <= bar_ + 2 * error_ && worst_ >= 0 &&
        truth.equal(position, worst_)) {
      return false;
    }
    found_.push_back({score, position});
    if (found_.size() < (bar_ == kNoScore ? keep_ : 2 * keep_)) return false;
    const float before = bar_;
    settle(truth);
    return bar_ > before;
  }

  /// Those that may be among the best, unordered, with scores that are not the true ones.
  std::vector<Found>& found() { return found_; }

 private:
  template <class Truth>
  void settle(const Truth& truth) {
    const auto last = found_.begin() + static_cast<std::ptrdiff_t>(keep_ - 1);
    std::nth_element(found_.begin(), last, found_.end(), better);
    bar_ = std::max(bar_, last->score - error_);
    const float least = bar_ - error_;
    std::erase_if(found_, [&](const Found& one) { return one.score < least; });
    if (2 * found_.size() <= 3 * keep_) return;
    // Many are as good as the k-th, for all that float32 can tell: the true order decides.
    for (Found& one : found_) one.score = truth.exact(one.position);
    const auto end = found_.begin() + static_cast<std::ptrdiff_t>(keep_);
    std::nth_element(found_.begin(), end - 1, found_.end(), better);
    found_.erase(end, found_.end());
    worst_ = found_.back().position;
  }

  std::size_t keep_ = 0;
  float bar_ = kNoScore, error_ = 0.0F;
  ItemId worst_ = -1;  // k candidates are no worse than this one, by the true order
  std::vector<Found> found_;
};

}  // namespace likewise
