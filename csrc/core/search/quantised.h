// quantised.h: vectors rounded to bytes, cluster by cluster, and queries that meet them.
//
// Of a row only its difference from the center of its cluster is rounded: it is short, and so is
// what rounding takes from it. Rows and queries are scaled to a length of 181 at most, which keeps
// their products within 16 bits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/base/table.h"
#include "core/base/types.h"
#include "core/base/workers.h"
#include "core/kernels/kernels.h"
#include "core/search/clusters.h"

namespace likewise {

/// Rows of one cluster: slots [first, last), in panels from `panel` on.
struct QuantisedCluster {
  std::size_t first = 0, last = 0, panel = 0;
  float radius = 0.0F;  // the greatest distance from the center
  float scale = 1.0F;   // what a byte of 1 stands for
  float error = 0.0F;   // the greatest length of what rounding took
};

class QuantisedRows {
 public:
  QuantisedRows(const RowsView& rows, const Clusters& clusters, const std::uint8_t* allowed,
                int threads, const Poll& poll);

  const std::vector<QuantisedCluster>& clusters() const { return clusters_; }
  std::size_t groups() const { return groups_; }
  const Kernels& kernel_set() const { return *kernels_; }
  std::size_t size() const { return positions_.size(); }
  float longest() const { return longest_; }

  const std::uint8_t* panel(std::size_t number) const {
    return reinterpret_cast<const std::uint8_t*>(bytes_.data()) + number * panel_bytes();
  }
  ItemId position(std::size_t slot) const { return positions_[slot]; }
  /// The first of the slots whose rows are equal, bit by bit; they stand together, by position.
  std::size_t first_equal(std::size_t slot) const { return equal_[slot]; }

 private:
  void quantise(const RowsView& rows, const float* center, QuantisedCluster& cluster);
  std::size_t panel_bytes() const { return groups_ * kernels_->bytes.group * kScanCandidates; }

  const Kernels* kernels_;  // whose layout this is
  std::size_t groups_;      // of dimensions
  std::vector<QuantisedCluster> clusters_;
  std::vector<ItemId> positions_;     // of each slot
  std::vector<std::uint32_t> equal_;  // of each slot
  Table bytes_;                       // as memory in whole lines
  float longest_ = 0.0F;              // the length of the longest row
};

/// A query as words for the kernels: query = scale * bytes + what has a length of `error`.
struct QuantisedQuery {
  std::vector<std::uint32_t> words;
  std::int32_t start = 0;  // makes sums those of bytes about zero
  float scale = 1.0F, error = 0.0F, length = 0.0F;

  void set(const float* query, std::size_t dim, std::size_t group);
};

}  // namespace likewise
