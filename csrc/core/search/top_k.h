// top_k.h: the best k of many vectors for many queries by inner product, exact, filtered on the
// way.
//
// Folder search owns the way from query vectors to the nearest candidates.
//
// Owns which candidates a query meets, the blocking over queries and candidates, what is kept of
// each query and the order of the answers; the innermost loop is a scan (kernels.h). Knows nothing
// about ids, files or Python.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/base/types.h"
#include "core/base/workers.h"

namespace likewise {

/// A column of both sides: small whole numbers, below `n_queries + n`; negative is unknown.
struct Labels {
  const std::int32_t* of_queries = nullptr;     // (n_queries,)
  const std::int32_t* of_candidates = nullptr;  // (n,)
};

struct TopKRequest {
  const float* candidates = nullptr;  // (n, dim), `stride` floats apart
  std::size_t n = 0;                  // candidates, at most 2^31 - 1
  std::size_t dim = 0, stride = 0;    // floats in a vector, and from one to the next
  const float* queries = nullptr;     // (n_queries, dim), `query_stride` floats apart
  std::size_t n_queries = 0, query_stride = 0;
  std::size_t k = 0;                      // answers wanted per query, at least 1
  const std::uint8_t* allowed = nullptr;  // (n,) 0 = never an answer; null = all may be
  const ItemId* exclude = nullptr;        // (n_queries,) one candidate not to return, -1 = none
  // More candidates not to return: those of query q are excluded[offsets[q]] ... [offsets[q + 1]].
  const ItemId* excluded = nullptr;
  const Offset* excluded_offsets = nullptr;  // (n_queries + 1,)
  Labels same;                               // equal and known labels only; null = any
  std::span<const Labels> different;         // unequal labels, or unknown ones, in every column
  int threads = 1;
};

/// Writes positions and scores, each (n_queries, k) row-major: best first, equal scores by
/// position, missing places -1 and -infinity. Scores are summed in float64 and rounded once, and
/// candidates compared by them: answers depend neither on threads, nor on the kernel set, nor on
/// what else is asked.
///
/// `poll` is called on the calling thread during a long search; when it throws, the search stops,
/// every thread is joined, and the exception goes on to the caller.
void top_k(const TopKRequest& request, ItemId* positions, float* scores, const Poll& poll);

}  // namespace likewise
