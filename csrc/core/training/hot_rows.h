// hot_rows.h: copies of the busiest rows of content, a set for each thread.
//
// A word or category level that many blocks hold would be carried from core to core by each of
// them, and between cores that share no cache two threads would be little faster than one. So each
// thread trains copies of these rows and merges them into the table now and then.
//
// What a merge adds is a share of what the thread has learned since the last one. Where blocks bent
// the loss along a row by C in sum, they took it 1 - exp(-C) of the way to where they pull it; T
// threads one after the other would have taken it 1 - exp(-TC) of the way. Each adds its steps by
// the ratio of the two over T: wholly while a row has far to go, their mean once it has arrived.
// Where a row is pulled to moves along with the rows it meets, so that C counts for less (kArrival,
// by measurement).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/base/feature_view.h"
#include "core/base/table.h"
#include "core/kernels/kernels.h"

namespace likewise {

inline constexpr std::size_t kMostHot = 1024;  // rows that are copied
inline constexpr std::size_t kMeetings = 20;   // of a thread with a row that it copies, for a merge
inline constexpr std::size_t kUnmerged = 512;  // blocks of all threads from one merge to the next
inline constexpr std::size_t kMerges = 32;     // of a thread in a stretch, at least
inline constexpr std::size_t kMergeLeast = 8;  // blocks, of which one is noted
inline constexpr float kArrival = 0.2F;        // what of the summed curvature counts

/// Blocks of a thread from one merge to the next, where it has `blocks` to train; 0: no copies.
std::size_t merge_every(std::size_t blocks, int threads);

/// Which tokens are busy.
class HotTokens {
 public:
  HotTokens() = default;
  /// counts (n_items,): events of each item. Copies are merged every `blocks` blocks.
  HotTokens(const FeatureView& features, std::span<const std::int64_t> counts, std::size_t blocks);

  std::span<const std::uint32_t> tokens() const { return tokens_; }
  /// Its place among them, or their number.
  std::uint16_t place(std::size_t token) const { return places_[token]; }

 private:
  std::vector<std::uint32_t> tokens_;
  std::vector<std::uint16_t> places_;  // of each token
};

/// The share of its steps that each of `threads` adds, of a row that bent by `curvature` in sum.
float merged_share(float curvature, int threads);

/// One thread's copies of rows of one table.
class HotRows {
 public:
  /// The first three outlive it. copies: room for a row each of the busy tokens; they begin as the
  /// rows are.
  HotRows(const Kernels& kernels, const HotTokens& hot, Table& shared, Table copies, int threads);

  /// The row that the thread trains for the token.
  float* row(std::size_t token) {
    const std::uint16_t place = hot_.place(token);
    return place < copies_.rows() ? copies_.row(place) : shared_.row(token);
  }

  /// Whether to note what the block at hand bends: one in kNoted.
  bool noting() { return ++blocks_ % kNoted == 0; }
  /// That block bent the loss along this row, a copy or not, by `curvature`.
  void note(const float* row, float curvature) {
    const auto offset = static_cast<std::size_t>(row - copies_.data());  // huge before the first
    const std::size_t place = offset / copies_.stride();
    if (place < copies_.rows()) bends_[place] += kNoted * curvature;
  }

  /// Adds to the table what was learned since the last time, and copies what others have.
  void merge();

 private:
  static constexpr std::uint32_t kNoted = 8;

  void renew(std::size_t place);

  const Kernels& kernels_;
  const HotTokens& hot_;
  Table& shared_;
  int threads_;
  Table copies_, before_;  // before_: the rows as they were at the last merge
  std::vector<float> bends_;
  std::uint32_t blocks_ = 0;
};

}  // namespace likewise
