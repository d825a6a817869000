// partition.h: the best k of many vectors for many queries, by clusters and bytes.
//
// Every query meets the clusters nearest to it first. A cluster is passed over when no vector
// within its radius could reach what the query has found so far, and of its vectors, whose
// differences from the center are rounded to bytes (quantised.h), those whose products, with the
// most that rounding may have taken, cannot. Who is left is scored as they are. Both bounds are
// those of Cauchy and Schwarz, so that answers are exactly those of top_k; with a `reach` below 1
// radii count that much of what they are, and answers are nearly those, for fewer products.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/base/types.h"
#include "core/base/workers.h"
#include "core/search/clusters.h"
#include "core/search/quantised.h"
#include "core/search/top_k.h"

namespace likewise {

class Partition {
 public:
  /// Of some rows, which stay the caller's and must stay as they are; null `allowed` takes all that
  /// have a label. Clusters may be of more rows than are allowed.
  Partition(const RowsView& rows, std::shared_ptr<const Clusters> clusters,
            const std::uint8_t* allowed, int threads, const Poll& poll);

  const RowsView& rows() const { return rows_; }
  const std::shared_ptr<const Clusters>& clusters() const { return clusters_; }
  /// The greatest distance of a row from the center of each cluster.
  std::vector<float> radii() const;

  /// As top_k, of candidates that were allowed; a query that is all zero has no answers. Queries go
  /// `alone` where others shall not delay what one finds first, which with a short reach is the
  /// least that it finds in any company.
  void search(const TopKRequest& request, float reach, bool alone, ItemId* positions, float* scores,
              const Poll& poll) const;

 private:
  RowsView rows_;
  std::shared_ptr<const Clusters> clusters_;
  QuantisedRows quantised_;
  Nearest groups_;                // by product
  std::vector<Nearest> centers_;  // the same of the centers of each group
  std::vector<float> distances_;  // of each center from the center of its group
};

}  // namespace likewise
