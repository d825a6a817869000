// item_vectors.h: what items are found by: all parts of the score of `similar`, side by side.
//
// Folder score owns what the score needs of every item at once. Which parts there are, and why, is
// told in python/likewise/score; here they are put together in one pass, on all threads, so that
// nothing of a large catalogue stands in memory twice.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/base/rows_view.h"
#include "core/base/types.h"
#include "core/base/workers.h"

namespace likewise {

/// A linear map of unit center vectors c, [c, 1] times a matrix (dim + 1, columns); null is none.
struct MapView {
  const double* data = nullptr;
  std::size_t columns = 0;
};

/// The learned part: share * c + trust * o of unit center and context vectors.
struct LearnedView {
  RowsView center, context;              // of items of training
  RowsView other_center, other_context;  // of other items, as their content composes them
  MapView context_map;                   // for items that have a center vector alone
  float center_share = 1.0F, trust_least = 0.0F, trust_more = 0.0F;
};

/// The co-occurrence part: rows of few items, and a map for the others.
struct CoOccurrenceView {
  std::span<const ItemId> items;  // ascending
  RowsView rows;
  MapView map;
  float scale = 1.0F;    // of what is found
  double longest = 0.0;  // mapped rows are cut to this length
};

/// How much tokens count, by token and by kind.
struct TokenWeights {
  std::span<const float> of_tokens;  // (n_tokens,)
  std::array<float, 4> of_kinds{};
};

/// The text part: sums of random directions of tokens.
struct TextView {
  std::size_t columns = 0;                      // 0 is no text at all
  std::span<const Offset> item_offsets;         // (n_texts + 1,) maybe of some of the entries
  std::span<const std::int32_t> item_tokens;    // (n_entries,)
  std::span<const std::uint8_t> item_kinds;     // (n_entries,) below 4
  std::span<const std::uint64_t> token_hashes;  // (n_tokens,)
  std::span<const std::uint8_t> unseen;         // (n_tokens,) 1 where training has no such token
  std::span<const std::int64_t> places;         // (n,) the text of each item; empty is its number
  TokenWeights known;                           // by which the share of unknown tokens is told
  TokenWeights summed;                          // by which directions are added up
  float scale = 1.0F;
  double usual_length = 1.0;  // of a composed center vector
};

/// The items, and all there is to say of them.
struct ItemVectorsRequest {
  std::span<const std::int64_t> rows;  // (n,) positions in training; -1 - k is the k-th other item
  bool popular = true;                 // whether there is a column of popularity, else 0 for all
  std::span<const float> popularity;   // (n,)
  LearnedView learned;
  CoOccurrenceView co_occurrence;
  TextView text;
  int threads = 1;

  std::size_t width() const {
    return learned.center.columns + co_occurrence.rows.columns + text.columns + (popular ? 1 : 0);
  }
};

/// Throws std::invalid_argument when views do not fit together or point outside.
void check(const ItemVectorsRequest& request);

/// Writes rows of width() floats, `stride` apart: learned, co-occurrence, text, popularity. Returns
/// which items have any of the first three; the row of another is all zero.
///
/// Throws std::invalid_argument naming the first row met whose vectors are not finite.
std::vector<std::uint8_t> item_vectors(
    const ItemVectorsRequest& request, float* out, std::size_t stride, const Poll& poll = [] {});

/// Tells which rows are not all zero, on threads. Throws as above for values that are not finite.
std::vector<std::uint8_t> usable_rows(const RowsView& rows, int threads, const Poll& poll = [] {});

}  // namespace likewise
