// row_list.cpp: listing the rows of items.
#include "core/training/row_list.h"

#include <algorithm>

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
  std::fill_n(entries_of_.begin(), n_slots_, 0U);
  n_slots_ = 0;
}

void RowList::make_room(std::size_t entries) {
  if (rows_.size() >= entries) return;
  rows_.resize(2 * entries);
  weights_.resize(2 * entries);
  slots_.resize(2 * entries);
  content_.resize(2 * entries);
  entries_of_.resize(2 * entries);
}

void RowList::add_content(const ItemRows& side, std::size_t i, TokenSlots& slots) {
  has_content_ = true;
  const FeatureView& features = *side.features;
  const auto first = static_cast<std::size_t>(features.item_offsets[i]);
  const auto n = static_cast<std::size_t>(features.item_offsets[i + 1]) - first;
  const std::size_t begin = begins_.back();
  make_room(begin + n + 1);
  float** const rows = rows_.data() + begin;
  float* const weights = weights_.data() + begin;
  std::uint32_t* const slot_of = slots_.data() + begin;
  float** const content = content_.data();
  std::uint32_t* const entries_of = entries_of_.data();
  auto fresh = static_cast<std::uint32_t>(n_slots_);
  for (std::size_t k = 0; k < n; ++k) {
    const auto token = static_cast<std::size_t>(features.item_tokens[first + k]);
    const auto [row, slot] = slots.find(token, fresh);
    fresh += slot == fresh ? 1 : 0;
    content[slot] = row;  // again, where it is not new
    ++entries_of[slot];
    rows[k] = row;
    slot_of[k] = slot;
    weights[k] = features.item_weights[first + k];
  }
  n_slots_ = fresh;
  end_item(n);
}

void RowList::end_item(std::size_t n_content) {
  std::size_t end = begins_.back() + n_content;
  if (own_.back() != nullptr) {
    rows_[end] = own_.back();
    weights_[end++] = kOwnWeight;
  }
  begins_.push_back(end);
}

void RowList::begin_beside(const RowList& other, std::ptrdiff_t away) {
  has_content_ = true;
  away_ = away;
  n_slots_ = other.n_slots_;
  make_room(n_slots_);
  std::fill_n(content_.begin(), n_slots_, nullptr);
}

void RowList::add_beside(const ItemRows& side, ItemId item, bool own_row, const RowList& other,
                         std::size_t place) {
  add_own(side, item, own_row);
  const std::size_t begin = begins_.back();
  const std::span<const std::uint32_t> slots = other.slots(place);
  make_room(begin + slots.size() + 1);
  std::copy(slots.begin(), slots.end(), slots_.data() + begin);
  std::copy_n(other.weights(place), slots.size(), weights_.data() + begin);
  float* const* const rows = other.rows(place);
  for (std::size_t k = 0; k < slots.size(); ++k) {
    rows_[begin + k] = content_[slots[k]] = rows[k] + away_;
    ++entries_of_[slots[k]];
  }
  end_item(slots.size());
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
