// pipeline.cpp: moves blocks through the stages.
#include "core/pipeline.h"

namespace likewise {
namespace {

std::size_t n_tokens(const ItemRows& side) {
  return side.features == nullptr ? 0 : side.features->n_tokens();
}

}  // namespace

Pipeline::Pipeline(Planner planner, const Sides& sides)
    : planner_(std::move(planner)),
      sides_(sides),
      center_slots_(n_tokens(sides.center)),
      context_slots_(n_tokens(sides.context)) {}

void Pipeline::start(std::size_t first_session, std::size_t last_session, const Rng& rng) {
  planner_.start(first_session, last_session, rng);
  planned_ = expected_ = prepared_ = taken_ = 0;
  exhausted_ = false;
  for (std::size_t step = 0; step + 1 < kDepth; ++step) advance();
}

void Pipeline::expect(const Block& block, Ask ask) const {
  if (sides_.center.features != nullptr) ask(*sides_.center.features, block.contexts);
  if (sides_.context.features != nullptr) ask(*sides_.context.features, block.negatives);
}

void Pipeline::list_rows(PreparedBlock& prepared) {
  const Block& block = prepared.block;
  prepared.centers.clear();
  prepared.contexts.clear();
  center_slots_.start_list();
  context_slots_.start_list();
  for (const Block::Center& center : block.centers) {
    prepared.centers.add(sides_.center, block.contexts[center.place], center.own_row,
                         center_slots_);
  }
  for (const ItemId item : block.contexts) {
    prepared.contexts.add(sides_.context, item, true, context_slots_);
  }
  for (const ItemId item : block.negatives) {
    prepared.contexts.add(sides_.context, item, true, context_slots_);
  }
}

// Each stage stays one block behind the stage before it, until the planner runs dry.
void Pipeline::advance() {
  if (prepared_ < expected_) list_rows(ring_[prepared_++ % kDepth]);
  if (expected_ < planned_) expect(ring_[expected_++ % kDepth].block, expect_entries);
  if (exhausted_) return;
  Block& block = ring_[planned_ % kDepth].block;
  exhausted_ = !planner_.next(block);
  if (exhausted_) return;
  ++planned_;
  expect(block, expect_offsets);
}

const PreparedBlock* Pipeline::next(const PreparedBlock*& upcoming) {
  advance();
  if (taken_ == prepared_) return nullptr;
  const PreparedBlock* now = &ring_[taken_++ % kDepth];
  upcoming = taken_ < prepared_ ? &ring_[taken_ % kDepth] : nullptr;
  return now;
}

}  // namespace likewise
