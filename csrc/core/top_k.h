// top_k.h: the best k of many vectors for many queries by inner product, exact.
//
// Owns the blocking over queries and candidates, the per-query heaps and their merging; the inner
// products are the kernels'. Knows nothing about ids, files or Python.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "core/table.h"
#include "core/types.h"

namespace likewise {

/// Candidates are scored in blocks of this many rows; a table of them is filled up with zero rows
/// to a multiple, so that every block is whole.
inline constexpr std::size_t kCandidateBlock = 64;

inline constexpr std::size_t padded_rows(std::size_t rows) {
  return (rows + kCandidateBlock - 1) / kCandidateBlock * kCandidateBlock;
}

struct UnitRows {
  Table table;                       // padded_rows(n) rows of length 1, or 0
  std::vector<std::uint8_t> usable;  // (n,): 0 where the vector is all zero
};

/// Scales n vectors (dim floats, `stride` floats apart) to length 1.
/// Throws std::invalid_argument naming the first row that holds a value that is not finite.
UnitRows unit_rows(const float* vectors, std::size_t n, std::size_t dim, std::size_t stride);

struct TopKRequest {
  const float* candidates = nullptr;  // (padded_rows(n), padded(dim)), 64-byte aligned
  std::size_t n = 0;                  // candidates, at most 2^31 - 1
  std::size_t dim = 0;                // floats in a vector
  const float* queries = nullptr;     // (n_queries, dim), `query_stride` floats apart
  std::size_t n_queries = 0, query_stride = 0;
  std::size_t k = 0;                      // answers wanted per query, at least 1
  const std::uint8_t* allowed = nullptr;  // (n,) 0 = never an answer; null = all may be
  const ItemId* exclude = nullptr;        // (n_queries,) one candidate not to return, -1 = none
  int threads = 1;
};

/// Writes positions and scores, each (n_queries, k) row-major: best first, equal scores by
/// position, missing places -1 and -infinity. A score is the same bits for one query or a
/// thousand, on one thread or many.
///
/// `poll` is called on the calling thread during a long search; when it throws, the search stops,
/// every thread is joined, and the exception goes on to the caller.
void top_k(const TopKRequest& request, ItemId* positions, float* scores,
           const std::function<void()>& poll);

}  // namespace likewise
