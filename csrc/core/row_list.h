// row_list.h: which rows make up the items of a block, each row of content listed once.
//
// The items of a session share words and category levels. A RowList gives every item its rows and
// weights, and every distinct row of content a slot with the entries that name it, so that a block
// collects one gradient for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/feature_view.h"
#include "core/hot_rows.h"
#include "core/table.h"
#include "core/types.h"

namespace likewise {

/// Where the rows of one side (center or context) live. Borrowed.
struct ItemRows {
  const FeatureView* features = nullptr;  // null: items have no content on this side
  Table* tokens = nullptr;
  Table* own = nullptr;                     // null: items have no own row
  std::span<const std::uint8_t> has_own{};  // empty: every item has one
  HotRows* hot = nullptr;                   // a thread's copies of busy tokens, or none
};

/// One thread's rows of tokens, and its memory of which the current list has already; lists are
/// made one by one.
class TokenSlots {
 public:
  struct Mark {
    float* row;
    std::uint32_t list = 0, slot = 0;
  };

  explicit TokenSlots(const ItemRows& side);
  void start_list() { ++list_; }
  void expect(std::size_t token) const { __builtin_prefetch(&marks_[token], 1); }
  /// The token's row and slot in this list; `fresh` becomes its slot when it is new.
  const Mark& find(std::size_t token, std::uint32_t fresh) {
    Mark& mark = marks_[token];
    if (mark.list != list_) {
      mark.list = list_;
      mark.slot = fresh;
    }
    return mark;
  }

 private:
  std::vector<Mark> marks_;
  std::uint32_t list_ = 0;
};

class RowList {
 public:
  void clear();
  void add(const ItemRows& side, ItemId item, bool own_row, TokenSlots& slots) {
    const auto i = static_cast<std::size_t>(item);
    const bool has_own =
        own_row && side.own != nullptr && (side.has_own.empty() || side.has_own[i] != 0);
    own_.push_back(has_own ? side.own->row(i) : nullptr);
    all_own_ &= has_own;
    if (side.features != nullptr) add_content(side, i, slots);
  }

  std::size_t items() const { return own_.size(); }
  /// Whether each item is its own row and nothing more.
  bool all_own() const { return all_own_ && !has_content_; }

  /// The rows that item i is the weighted sum of: content first, then its own row with weight 1.
  float* const* rows(std::size_t i) const {
    return has_content_ ? rows_.data() + begins_[i] : own_.data() + i;
  }
  const float* weights(std::size_t i) const {
    return has_content_ ? weights_.data() + begins_[i] : &kOwnWeight;
  }
  std::size_t count(std::size_t i) const {
    return has_content_ ? begins_[i + 1] - begins_[i] : (own_[i] ? 1U : 0U);
  }

  std::size_t count_content(std::size_t i) const { return count(i) - (own_[i] ? 1 : 0); }
  std::size_t entries() const { return begins_.back(); }  // of all items with content

  float* own(std::size_t i) const { return own_[i]; }                // or null
  std::span<float* const> own_rows() const { return own_; }          // one an item, null without
  std::span<float* const> content_rows() const { return content_; }  // one a slot

  /// Calls use(item, weight) for each entry of the slot's row, the last one first.
  template <class Use>
  void for_each_entry(std::size_t slot, const Use& use) const {
    for (std::uint32_t at = last_[slot]; at != kNone; at = before_[at]) {
      use(std::size_t{item_of_[at]}, weights_[at]);
    }
  }

 private:
  static constexpr float kOwnWeight = 1.0F;
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};

  /// Lists the content of the item that was added last.
  void add_content(const ItemRows& side, std::size_t i, TokenSlots& slots);

  bool has_content_ = false;  // a list of own rows alone is that and nothing more
  bool all_own_ = true;       // whether no item is without its own row
  std::vector<float*> rows_;
  std::vector<float> weights_;
  std::vector<std::uint32_t> item_of_, before_;  // of each entry: its item, and the one of the same
                                                 // slot that came before it, or kNone
  std::vector<std::size_t> begins_{0};
  std::vector<float*> own_, content_;
  std::vector<std::uint32_t> last_;  // entry of each slot
};

/// Asks for the offsets of the items' entries, later for the entries, and then for the marks of
/// their tokens, to be brought near.
void expect_offsets(const FeatureView& features, std::span<const ItemId> items);
void expect_entries(const FeatureView& features, std::span<const ItemId> items);
void expect_marks_of(const FeatureView& features, std::span<const ItemId> items,
                     const TokenSlots& slots);

}  // namespace likewise
