// co_occurrence.cpp: from sessions to the table, its vectors and the items that have one.
#include "core/score/co_occurrence.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "core/score/krylov.h"

namespace likewise {
namespace {

/// Which place each item has among the `most` with most events, by their number and then by place
/// in the catalogue; -1 for others and those without any. Popular items stand together that way.
std::vector<std::int32_t> slots_of(std::span<const std::int64_t> counts, std::size_t most) {
  std::vector<ItemId> order;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] > 0) order.push_back(static_cast<ItemId>(i));
  }
  const auto more = [&](ItemId a, ItemId b) {
    const auto x = counts[static_cast<std::size_t>(a)], y = counts[static_cast<std::size_t>(b)];
    return x != y ? x > y : a < b;
  };
  if (order.size() > most) {
    std::nth_element(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(most), order.end(),
                     more);
    order.resize(most);
  }
  std::sort(order.begin(), order.end(), more);
  std::vector<std::int32_t> slots(counts.size(), -1);
  for (std::size_t k = 0; k < order.size(); ++k) {
    slots[static_cast<std::size_t>(order[k])] = static_cast<std::int32_t>(k);
  }
  return slots;
}

}  // namespace

CoOccurrence find_co_occurrence(const Sequences& sessions, std::span<const Run> runs,
                                std::span<const std::int64_t> counts,
                                const CoOccurrenceOptions& options, const Poll& poll) {
  const std::vector<std::int32_t> slots = slots_of(counts, options.most_items);
  const auto n =
      slots.size() - static_cast<std::size_t>(std::count(slots.begin(), slots.end(), -1));
  if (n == 0) return {};
  const Baskets baskets(sessions, runs, slots, n, options.threads, poll);
  std::vector<float> scales;
  for (const double known : baskets.known()) {
    scales.push_back(static_cast<float>(1.0 / std::sqrt(known + options.doubt)));
  }
  CoOccurrence found;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (slots[i] >= 0 && counts[i] >= options.least) found.items.push_back(static_cast<ItemId>(i));
  }
  found.rows.resize(found.items.size() * options.columns);
  std::vector<float*> out(n, nullptr);
  for (std::size_t k = 0; k < found.items.size(); ++k) {
    const auto slot = slots[static_cast<std::size_t>(found.items[k])];
    out[static_cast<std::size_t>(slot)] = found.rows.data() + k * options.columns;
  }
  const Krylov krylov(baskets, std::move(scales), options.seed, options.threads, poll);
  krylov.vectors(options.columns, options.longest, out);
  std::size_t kept = 0;  // items of which nothing was found have no row
  for (std::size_t k = 0; k < found.items.size(); ++k) {
    const auto row = found.rows.begin() + static_cast<std::ptrdiff_t>(k * options.columns);
    const auto end = row + static_cast<std::ptrdiff_t>(options.columns);
    if (std::all_of(row, end, [](float x) { return x == 0.0F; })) continue;
    if (kept < k) {
      std::copy(row, end, found.rows.begin() + static_cast<std::ptrdiff_t>(kept * options.columns));
      found.items[kept] = found.items[k];
    }
    ++kept;
  }
  found.items.resize(kept);
  found.rows.resize(kept * options.columns);
  return found;
}

}  // namespace likewise
