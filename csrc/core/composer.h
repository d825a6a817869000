// composer.h: feature rows -> item vector, and a gradient back to rows.
//
// An item's vector is a weighted sum of rows: one per token of its content, and its own row with
// weight 1. ItemRows lists those rows; the kernels do the sums.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "core/feature_view.h"
#include "core/hot_rows.h"
#include "core/kernels.h"
#include "core/table.h"
#include "core/types.h"
#include "core/workers.h"

namespace likewise {

/// Where the rows of one side (center or context) live. Borrowed.
struct ItemRows {
  const FeatureView* features = nullptr;  // null: items have no content on this side
  Table* tokens = nullptr;
  Table* own = nullptr;           // null: items have no own row
  HotRows* hot_tokens = nullptr;  // this thread's copies, or null
  HotRows* hot_own = nullptr;
  std::span<const std::uint8_t> has_own{};  // empty: every item has one
};

/// The rows and weights of a list of items, one after the other.
class RowList {
 public:
  void clear() {
    size_ = 0;
    begins_.assign(1, 0);
  }
  void add(const ItemRows& side, ItemId item, bool own_row);

  std::size_t items() const { return begins_.size() - 1; }
  std::size_t count(std::size_t i) const { return begins_[i + 1] - begins_[i]; }
  float* const* rows(std::size_t i) const { return rows_.data() + begins_[i]; }
  const float* weights(std::size_t i) const { return weights_.data() + begins_[i]; }
  std::span<float* const> all_rows() const { return {rows_.data(), size_}; }

  /// Whether the item's vector is one row as it stands, so that a gradient may go straight there.
  bool is_plain(std::size_t i) const { return count(i) == 1 && *weights(i) == 1.0F; }

 private:
  std::vector<float*> rows_;  // the first size_ count
  std::vector<float> weights_;
  std::size_t size_ = 0;
  std::vector<std::size_t> begins_{0};
};

/// Asks for the offsets of the items' entries, and later for the entries, to be brought near.
void expect_offsets(const FeatureView& features, std::span<const ItemId> items);
void expect_entries(const FeatureView& features, std::span<const ItemId> items);

/// Called on the calling thread while others work; may throw to stop.
using Poll = std::function<void()>;

/// out_i += the content of item i, for every row i of `out`; tokens (n_tokens, out.dim()).
void add_content(const FeatureView& features, const float* tokens, std::size_t token_stride,
                 Table& out, int threads, const Poll& poll);

/// tokens_t = the stored row where known[t] >= 0, else the mean of the token's n-gram rows, else 0.
void compose_tokens(const FeatureView& features, std::span<const std::int64_t> known,
                    const float* stored, std::size_t stored_stride, const float* ngrams,
                    std::size_t ngram_stride, Table& tokens, int threads, const Poll& poll);

/// One pass of least mean squares: every token that took part in training teaches its n-grams, so
/// that their mean comes near its vector; `pull` moves the token a little towards that mean.
void teach_ngrams(const FeatureView& features, std::span<const std::uint8_t> trained, float rate,
                  float pull, Table& tokens, Table& ngrams, int threads);

}  // namespace likewise
