// test_row_list.cpp: the rows of a block's items, listed by themselves and beside another list.
#include "core/training/row_list.h"

#include <map>
#include <vector>

#include "check.h"
#include "tiny_corpus.h"

namespace {

using namespace likewise;

constexpr std::size_t kDim = 20, kItems = 40;

/// Content and own rows of both sides, side by side. Every third item has no own row as a center.
struct Rows {
  TinyCorpus corpus{kItems, 50, 6};
  FeatureView features = corpus.features();
  Table center_tokens, context_tokens, center_own, context_own;
  std::vector<std::uint8_t> has_own;
  ItemRows center, context;
  std::ptrdiff_t away;

  Rows() {
    Table::side_by_side(features.n_tokens(), kDim, center_tokens, context_tokens);
    Table::side_by_side(kItems, kDim, center_own, context_own);
    for (std::size_t i = 0; i < kItems; ++i) has_own.push_back(i % 3 == 0 ? 0 : 1);
    center = {&features, &center_tokens, &center_own, has_own, nullptr};
    context = {&features, &context_tokens, &context_own, {}, nullptr};
    away = center_tokens.data() - context_tokens.data();
  }
};

/// Every entry names its row's slot, slots have a row each, and their entries are counted.
void check_list(const RowList& list) {
  std::map<float*, std::uint32_t> slot_of;
  std::vector<std::uint32_t> entries(list.content_rows().size());
  for (std::size_t i = 0; i < list.items(); ++i) {
    const auto slots = list.slots(i);
    CHECK(slots.size() + (list.own(i) == nullptr ? 0 : 1) == list.count(i));
    for (std::size_t k = 0; k < slots.size(); ++k) {
      float* const row = list.rows(i)[k];
      CHECK(list.content_rows()[slots[k]] == row);
      CHECK(slot_of.emplace(row, slots[k]).first->second == slots[k]);
      ++entries[slots[k]];
    }
    if (list.own(i) != nullptr) {
      CHECK(list.rows(i)[slots.size()] == list.own(i));
      CHECK(list.weights(i)[slots.size()] == 1.0F);
    }
  }
  for (std::size_t slot = 0; slot < entries.size(); ++slot) {
    CHECK(list.entries_of()[slot] == entries[slot]);
    CHECK((list.content_rows()[slot] == nullptr) == (entries[slot] == 0));
  }
}

// Lists are used again and again, and remember nothing of the one before.
void entries_name_the_slots_of_their_rows() {
  const Rows rows;
  TokenSlots slots(rows.context);
  RowList list;
  for (const std::vector<ItemId>& items :
       {std::vector<ItemId>{3, 9, 3, 0, 27, 8}, {1, 1}, {}, {39, 3, 12, 13, 14, 15, 16, 17, 2}}) {
    list.clear();
    slots.start_list();
    for (const ItemId item : items) list.add(rows.context, item, true, slots);
    CHECK(list.items() == items.size());
    for (std::size_t i = 0; i < items.size(); ++i) {
      const auto item = static_cast<std::size_t>(items[i]);
      CHECK(list.own(i) == rows.context.own->row(item));
      const auto first = static_cast<std::size_t>(rows.features.item_offsets[item]);
      CHECK(list.slots(i).size() ==
            static_cast<std::size_t>(rows.features.item_offsets[item + 1]) - first);
      for (std::size_t k = 0; k < list.slots(i).size(); ++k) {
        const auto token = static_cast<std::size_t>(rows.features.item_tokens[first + k]);
        CHECK(list.rows(i)[k] == rows.context.tokens->row(token));
        CHECK(list.weights(i)[k] == rows.features.item_weights[first + k]);
      }
    }
    check_list(list);
  }
}

// A list beside another one has the rows that it would have found by itself.
void lists_beside_have_the_rows_of_their_side() {
  const Rows rows;
  TokenSlots slots(rows.context), center_slots(rows.center);
  RowList contexts, beside, alone;
  for (const std::vector<ItemId>& items :
       {std::vector<ItemId>{3, 9, 3, 0, 27, 8}, {5}, {39, 3, 12, 13, 14, 15, 16, 17, 2}}) {
    contexts.clear();
    beside.clear();
    alone.clear();
    slots.start_list();
    center_slots.start_list();
    for (const ItemId item : items) contexts.add(rows.context, item, true, slots);
    beside.begin_beside(contexts, rows.away);
    for (std::size_t place = items.size() % 2; place < items.size(); place += 2) {
      const bool own_row = place != 2;
      beside.add_beside(rows.center, items[place], own_row, contexts, place);
      alone.add(rows.center, items[place], own_row, center_slots);
    }
    CHECK(beside.content_rows().size() == contexts.content_rows().size());
    CHECK(beside.items() == alone.items());
    for (std::size_t i = 0; i < alone.items(); ++i) {
      CHECK(beside.own(i) == alone.own(i));
      CHECK(beside.count(i) == alone.count(i));
      for (std::size_t k = 0; k < alone.count(i); ++k) {
        CHECK(beside.rows(i)[k] == alone.rows(i)[k]);
        CHECK(beside.weights(i)[k] == alone.weights(i)[k]);
      }
    }
    check_list(contexts);
    check_list(beside);
  }
}

// More items than any list before had: what there was room for stays as it was.
void lists_grow() {
  const Rows rows;
  TokenSlots slots(rows.context);
  RowList list;
  slots.start_list();
  for (int turn = 0; turn < 50; ++turn) {
    for (std::size_t i = 0; i < kItems; ++i) {
      list.add(rows.context, static_cast<ItemId>(i), true, slots);
    }
  }
  CHECK(list.items() == 50 * kItems);
  CHECK(list.content_rows().size() <= rows.features.n_tokens());
  check_list(list);
}

}  // namespace

int main() {
  entries_name_the_slots_of_their_rows();
  lists_beside_have_the_rows_of_their_side();
  lists_grow();
  return likewise_check::failures();
}
