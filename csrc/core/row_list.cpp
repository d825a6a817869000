// row_list.cpp: listing the rows of items.
#include "core/row_list.h"

#include <utility>

namespace likewise {

TokenSlots::TokenSlots(const ItemRows& side) {
  if (side.features == nullptr) return;
  marks_.resize(side.features->n_tokens());
  for (std::size_t t = 0; t < marks_.size(); ++t) {
    marks_[t].row = side.hot == nullptr ? side.tokens->row(t) : side.hot->row(t);
  }
}

void RowList::clear() {
  begins_.assign(1, 0);
  has_content_ = false;
  all_own_ = true;
  own_.clear();
  content_.clear();
  last_.clear();
}

void RowList::add_content(const ItemRows& side, std::size_t i, TokenSlots& slots) {
  has_content_ = true;
  std::size_t at = begins_.back();
  const auto first = static_cast<std::size_t>(side.features->item_offsets[i]);
  const auto last = static_cast<std::size_t>(side.features->item_offsets[i + 1]);
  if (rows_.size() < at + (last - first) + 1) {
    rows_.resize(2 * (at + (last - first) + 1));
    weights_.resize(rows_.size());
    item_of_.resize(rows_.size());
    before_.resize(rows_.size());
  }
  const auto number = static_cast<std::uint32_t>(items() - 1);
  for (std::size_t e = first; e < last; ++e, ++at) {
    const auto token = static_cast<std::size_t>(side.features->item_tokens[e]);
    const auto fresh = static_cast<std::uint32_t>(content_.size());
    const auto& [row, list, slot] = slots.find(token, fresh);
    if (slot == fresh) {
      content_.push_back(row);
      last_.push_back(kNone);
    }
    rows_[at] = row;
    weights_[at] = side.features->item_weights[e];
    item_of_[at] = number;
    before_[at] = std::exchange(last_[slot], static_cast<std::uint32_t>(at));
  }
  if (own_.back() != nullptr) {
    rows_[at] = own_.back();
    weights_[at++] = kOwnWeight;
  }
  begins_.push_back(at);
}

void expect_offsets(const FeatureView& features, std::span<const ItemId> items) {
  for (const ItemId item : items) {
    __builtin_prefetch(&features.item_offsets[static_cast<std::size_t>(item)]);
  }
}

void expect_entries(const FeatureView& features, std::span<const ItemId> items) {
  for (const ItemId item : items) {
    const auto i = static_cast<std::size_t>(item);
    const auto first = static_cast<std::size_t>(features.item_offsets[i]);
    const auto last = static_cast<std::size_t>(features.item_offsets[i + 1]);
    for (std::size_t e = first; e < last + kLine - 1; e += kLine) {
      const std::size_t entry = e < last ? e : last - 1;
      if (first == last) break;
      __builtin_prefetch(features.item_tokens.data() + entry);
      __builtin_prefetch(features.item_weights.data() + entry);
    }
  }
}

void expect_marks_of(const FeatureView& features, std::span<const ItemId> items,
                     const TokenSlots& slots) {
  for (const ItemId item : items) {
    const auto i = static_cast<std::size_t>(item);
    const auto last = static_cast<std::size_t>(features.item_offsets[i + 1]);
    for (auto e = static_cast<std::size_t>(features.item_offsets[i]); e < last; ++e) {
      slots.expect(static_cast<std::size_t>(features.item_tokens[e]));
    }
  }
}

}  // namespace likewise
