// clusters.h: vectors in groups of near ones, so that a search may pass over whole groups.
//
// Owns k-means in two levels (Lloyd 1982; the second level splits each group of the first), which
// costs a small part of one level of as many centers. Where the groups lie decides how fast a
// search is, never what it finds when it is exact.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/base/rows_view.h"
#include "core/base/table.h"
#include "core/base/types.h"
#include "core/base/workers.h"

namespace likewise {

struct Clusters {
  Table centers;                          // (clusters, dim); those of one group stand together
  Table groups;                           // (groups, dim), of the first level
  std::vector<std::size_t> group_starts;  // (groups + 1,) in centers
  std::vector<std::int32_t> labels;       // (n,) the cluster of each row, -1 of those left out

  std::size_t size() const { return centers.rows(); }
};

/// Which of some centers scores most, less a constant of each; laid out for the kernels.
class Nearest {
 public:
  /// By squared distance, or by inner product where `products`.
  Nearest(const Table& centers, std::size_t first, std::size_t last, bool products);

  std::size_t size() const { return constants_.size(); }

  /// Numbers, from 0, of the centers nearest to rows[some[0]], ..., rows[some[count - 1]].
  void find(const RowsView& rows, const ItemId* some, std::size_t count,
            std::int32_t* labels) const;

  /// scores[c * stride + q] of every center c and query q < kScanQueries, which is laid out.
  void scores(const float* queries, std::size_t count, float* scores, std::size_t stride) const;

 private:
  std::size_t dim_;
  Table panels_;  // (panels * dim, kScanCandidates)
  std::vector<float> constants_;
};

/// Puts rows into about `wanted` clusters; null `usable` takes all. The same for any threads.
Clusters make_clusters(const RowsView& rows, const std::uint8_t* usable, std::size_t wanted,
                       int threads, const Poll& poll);

}  // namespace likewise
