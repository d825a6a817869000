// row_list.h: which rows make up the items of a block, each row of content listed once.
//
// The items of a session share words and category levels. A RowList gives every item its entries,
// rows and their weights, and every distinct row of content a slot, which its entries name, so that
// a block collects one gradient for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/base/feature_view.h"
#include "core/base/table.h"
#include "core/base/types.h"
#include "core/training/hot_rows.h"

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
  struct Found {
    float* row;
    std::uint32_t slot;
  };

  explicit TokenSlots(const ItemRows& side);
  void start_list() { ++list_; }
  void expect(std::size_t token) const { __builtin_prefetch(&marks_[token], 1); }
  /// The token's row and slot in this list; `fresh` becomes its slot when it is new. No branch:
  /// nobody can guess which tokens are.
  Found find(std::size_t token, std::uint32_t fresh) {
    Mark& mark = marks_[token];
    const std::uint64_t known = mark.list_and_slot >> 32 == list_ ? ~std::uint64_t{0} : 0;
    const std::uint64_t other = list_ << 32 | fresh;
    const std::uint64_t now = other ^ ((other ^ mark.list_and_slot) & known);
    mark.list_and_slot = now;
    return {mark.row, static_cast<std::uint32_t>(now)};
  }

 private:
  struct Mark {
    float* row;
    std::uint64_t list_and_slot = 0;  // 32 bits each: the last list that had it, its slot there
  };

  std::vector<Mark> marks_;
  std::uint64_t list_ = 0;
};

class RowList {
 public:
  void clear();
  void add(const ItemRows& side, ItemId item, bool own_row, TokenSlots& slots) {
    add_own(side, item, own_row);
    if (side.features != nullptr) add_content(side, static_cast<std::size_t>(item), slots);
  }

  /// Items that the other side's list has, too: `away` floats from its rows of content lie those of
  /// this side, and slots have the same numbers. Rows that no item added here has are null.
  void begin_beside(const RowList& other, std::ptrdiff_t away);
  void add_beside(const ItemRows& side, ItemId item, bool own_row, const RowList& other,
                  std::size_t place);

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

  float* own(std::size_t i) const { return own_[i]; }        // or null
  std::span<float* const> own_rows() const { return own_; }  // one an item, null without
  std::span<float* const> content_rows() const { return {content_.data(), n_slots_}; }  // by slot
  std::span<const std::uint32_t> entries_of() const { return {entries_of_.data(), n_slots_}; }
  /// The slots of item i's entries of content.
  std::span<const std::uint32_t> slots(std::size_t i) const {
    return {slots_.data() + begins_[i], count_content(i)};
  }

 private:
  static constexpr float kOwnWeight = 1.0F;

  void add_own(const ItemRows& side, ItemId item, bool own_row) {
    const auto i = static_cast<std::size_t>(item);
    const bool has_own =
        own_row && side.own != nullptr && (side.has_own.empty() || side.has_own[i] != 0);
    own_.push_back(has_own ? side.own->row(i) : nullptr);
    all_own_ &= has_own;
  }
  void make_room(std::size_t entries);
  void end_item(std::size_t n_content);
  /// Lists the content of the item that was added last.
  void add_content(const ItemRows& side, std::size_t i, TokenSlots& slots);

  bool has_content_ = false;  // a list of own rows alone is that and nothing more
  bool all_own_ = true;       // whether no item is without its own row
  // Of each entry; those of an item lie side by side, its own row at their end.
  std::vector<float*> rows_;
  std::vector<float> weights_;
  std::vector<std::uint32_t> slots_;
  std::vector<std::size_t> begins_{0};
  std::vector<float*> own_;
  // Of each slot, with room for one an entry; past n_slots_ there are no entries.
  std::vector<float*> content_;
  std::vector<std::uint32_t> entries_of_;
  std::size_t n_slots_ = 0;
  std::ptrdiff_t away_ = 0;
};

/// Asks for the offsets of the items' entries, later for the entries, and then for the marks of
/// their tokens, to be brought near.
void expect_offsets(const FeatureView& features, std::span<const ItemId> items);
void expect_entries(const FeatureView& features, std::span<const ItemId> items);
void expect_marks_of(const FeatureView& features, std::span<const ItemId> items,
                     const TokenSlots& slots);

}  // namespace likewise
