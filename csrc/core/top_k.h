// top_k.h: the best k of many vectors for many queries by inner product, exact.
//
// Owns the panel layout, the blocking over queries and candidates, the per-query heaps and their
// merging. Knows nothing about ids, files or Python.
//
// Panels: candidates in groups of kPanelWidth, transposed, so that panel p is a row-major
// (dim, kPanelWidth) block holding candidates p * kPanelWidth onwards; the last one is filled up
// with zeros. One candidate's score is always summed in the order of the dimensions, so it is the
// same bits for one query or a thousand, on one thread or many.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "core/types.h"

namespace likewise {

inline constexpr std::size_t kPanelWidth = 16;

inline constexpr std::size_t panel_count(std::size_t rows) {
  return (rows + kPanelWidth - 1) / kPanelWidth;
}

struct Panels {
  std::vector<float> values;         // (panel_count(rows), dim, kPanelWidth) row-major
  std::vector<std::uint8_t> usable;  // (rows,): 0 where the vector is all zero
};

/// Scales each of `rows` vectors (dim floats, `stride` floats apart) to length 1 and packs them.
/// Throws std::invalid_argument naming the first row that holds a value that is not finite.
Panels pack_unit_panels(const float* vectors, std::size_t rows, std::size_t dim,
                        std::size_t stride);

struct TopKRequest {
  const float* panels = nullptr;   // packed candidates
  std::size_t candidates = 0;      // at most 2^31 - 1
  std::size_t dim = 0;             // floats in a vector
  const float* queries = nullptr;  // (query_count, dim), `query_stride` floats apart
  std::size_t query_count = 0;
  std::size_t query_stride = 0;
  std::size_t k = 0;                      // answers wanted per query, at least 1
  const std::uint8_t* allowed = nullptr;  // (candidates,) 0 = never an answer; null = all may be
  const ItemId* exclude = nullptr;        // (query_count,) one candidate not to return, -1 = none
  std::size_t threads = 0;                // 0 = the cores there are
};

/// Writes positions and scores, each (query_count, k) row-major: best first, equal scores by
/// position, missing places -1 and -infinity.
///
/// `poll` is called on the calling thread about every 50 ms of a long search; when it throws, the
/// search stops, every thread is joined, and the exception goes on to the caller.
void top_k(const TopKRequest& request, ItemId* positions, float* scores,
           const std::function<void()>& poll);

}  // namespace likewise
