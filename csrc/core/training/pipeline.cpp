// pipeline.cpp: moves blocks through the stages.
#include "core/training/pipeline.h"

#include <utility>

namespace likewise {

Pipeline::Pipeline(Planner planner, const Sides& sides, const NoiseSampler& noise)
    : planner_(std::move(planner)),
      sides_(sides),
      noise_(noise),
      center_slots_(sides.beside ? ItemRows{} : sides.center),
      context_slots_(sides.context) {
  for (std::size_t step = 0; step + 1 < kDepth; ++step) advance();
}

// Events that a block holds, before what is drawn for it.
void Pipeline::expect_events(const Block& block) const {
  for (const Half& half : block.halves) {
    if (sides_.center.features != nullptr) expect_offsets(*sides_.center.features, half.contexts);
    for (const ItemId item : half.contexts) noise_.expect_ratio(item);
  }
}

void Pipeline::draw(Block& block) const {
  for (Half& half : block.halves) {
    half.draw(noise_);
    if (sides_.center.features != nullptr) expect_entries(*sides_.center.features, half.contexts);
    if (sides_.context.features != nullptr) {
      expect_offsets(*sides_.context.features, half.negatives);
    }
    for (const ItemId item : half.negatives) noise_.expect_ratio(item);
  }
}

void Pipeline::expect_marks(const Block& block) const {
  for (const Half& half : block.halves) {
    if (sides_.center.features != nullptr && !sides_.beside) {
      expect_marks_of(*sides_.center.features, half.contexts, center_slots_);
    }
    if (sides_.context.features != nullptr) {
      expect_marks_of(*sides_.context.features, half.contexts, context_slots_);
      expect_marks_of(*sides_.context.features, half.negatives, context_slots_);
    }
  }
}

void Pipeline::list_rows(PreparedBlock& prepared) {
  prepared.centers.clear();
  prepared.contexts.clear();
  prepared.ratios.clear();
  center_slots_.start_list();
  context_slots_.start_list();
  for (const Half& half : prepared.block.halves) {
    for (const std::vector<ItemId>* items : {&half.contexts, &half.negatives}) {
      for (const ItemId item : *items) {
        prepared.contexts.add(sides_.context, item, true, context_slots_);
      }
      // By themselves: a short loop waits for many of them at once.
      const std::size_t first = prepared.ratios.size();
      prepared.ratios.resize(first + items->size());
      for (std::size_t k = 0; k < items->size(); ++k) {
        prepared.ratios[first + k] = noise_.ratio((*items)[k]);
      }
    }
  }
  list_centers(prepared);
}

// Centers are contexts as well: what was looked up for these does for both sides.
void Pipeline::list_centers(PreparedBlock& prepared) {
  if (sides_.beside) {
    const ItemRows &center = sides_.center, &context = sides_.context;
    prepared.centers.begin_beside(prepared.contexts,
                                  center.tokens->data() - context.tokens->data());
  }
  std::size_t first = 0;
  for (const Half& half : prepared.block.halves) {
    for (const Center& center : half.centers) {
      const ItemId item = half.contexts[center.place];
      if (sides_.beside) {
        prepared.centers.add_beside(sides_.center, item, center.own_row, prepared.contexts,
                                    first + center.place);
      } else {
        prepared.centers.add(sides_.center, item, center.own_row, center_slots_);
      }
    }
    first += half.contexts.size() + half.negatives.size();
  }
}

// Each stage stays one block behind the stage before it, until the planner runs dry.
void Pipeline::advance() {
  if (prepared_ < expected_) list_rows(ring_[prepared_++ % kDepth]);
  if (expected_ < drawn_) expect_marks(ring_[expected_++ % kDepth].block);
  if (drawn_ < planned_) draw(ring_[drawn_++ % kDepth].block);
  if (exhausted_) return;
  Block& block = ring_[planned_ % kDepth].block;
  exhausted_ = !planner_.next(block);
  if (exhausted_) return;
  ++planned_;
  expect_events(block);
}

const PreparedBlock* Pipeline::next(const PreparedBlock*& upcoming) {
  advance();
  if (taken_ == prepared_) return nullptr;
  const PreparedBlock* now = &ring_[taken_++ % kDepth];
  upcoming = taken_ < prepared_ ? &ring_[taken_ % kDepth] : nullptr;
  return now;
}

}  // namespace likewise
