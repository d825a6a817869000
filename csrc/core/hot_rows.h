// hot_rows.h: copies of the busiest rows, one set per thread, merged now and then.
//
// A row that every block touches (a top category, a frequent word, a best seller) would have its
// cache lines carried from core to core at each touch. Each thread works on a copy instead; at an
// exchange it adds what the copy has learned to the shared row and takes the shared row anew.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "core/table.h"
#include "core/types.h"

namespace likewise {

/// Which rows of a table are hot; shared by all threads.
class HotSet {
 public:
  HotSet() = default;
  /// The rows with uses >= least, the most used first, at most kMost of them.
  HotSet(Table& table, std::span<const std::int64_t> uses, std::int64_t least);

  static constexpr std::size_t kMost = 1024;
  static constexpr std::uint16_t kNone = 0xFFFF;

  std::size_t size() const { return rows_.size(); }
  Table* table() const { return table_; }

 private:
  friend class HotRows;
  static constexpr std::size_t kStripe = 64;  // rows that one lock guards during an exchange
  Table* table_ = nullptr;
  std::vector<RowId> rows_;
  std::vector<std::uint16_t> slots_;  // of each row of the table: its copy, or kNone
  std::unique_ptr<std::mutex[]> locks_;
};

/// One thread's view of a table: its own copies of the hot rows, the shared rows otherwise.
class HotRows {
 public:
  explicit HotRows(HotSet& set);

  float* row(std::size_t i) {
    const std::uint16_t slot = set_.slots_[i];
    return slot == HotSet::kNone ? set_.table_->row(i) : copies_.row(slot);
  }

  /// Merges with the shared rows; `thread` spreads the threads over the locks.
  void exchange(int thread);

 private:
  HotSet& set_;
  Table copies_, bases_;
};

}  // namespace likewise
