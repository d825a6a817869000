// borrowed_pairs.cpp: a row at a time, summed in a table of all columns.
#include "core/score/borrowed_pairs.h"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

namespace likewise {
namespace {

constexpr std::int64_t kGrain = 64;  // rows that a thread takes at once

using Entry = std::pair<float, ItemId>;

bool before(const Entry& a, const Entry& b) {
  return a.first > b.first || (a.first == b.first && a.second < b.second);
}

void check(const SparseRows& table, std::size_t n_columns, const char* name) {
  const bool fits = !table.offsets.empty() && table.offsets.front() == 0 &&
                    table.offsets.back() == static_cast<Offset>(table.columns.size()) &&
                    table.weights.size() == table.columns.size() &&
                    std::is_sorted(table.offsets.begin(), table.offsets.end());
  const auto inside = [&](ItemId c) { return c >= 0 && static_cast<std::size_t>(c) < n_columns; };
  if (!fits || !std::all_of(table.columns.begin(), table.columns.end(), inside)) {
    throw std::invalid_argument(std::string(name) +
                                " must have offsets that ascend from 0 to its "
                                "columns, and those below " +
                                std::to_string(n_columns));
  }
}

}  // namespace

SparseTable best_products(const SparseRows& first, const SparseRows& second, std::size_t n_columns,
                          std::size_t most, int threads, const Poll& poll) {
  if (second.offsets.empty()) throw std::invalid_argument("second must have offsets");
  check(first, second.offsets.size() - 1, "first");
  check(second, n_columns, "second");
  const std::size_t rows = first.offsets.size() - 1;
  std::vector<std::vector<Entry>> best(rows);
  std::vector<std::vector<float>> sums(static_cast<std::size_t>(std::max(1, threads)));
  parallel_for(
      threads, static_cast<std::int64_t>(rows), kGrain,
      [&](std::int64_t from, std::int64_t to, int thread) {
        std::vector<float>& sum = sums[static_cast<std::size_t>(thread)];
        sum.resize(n_columns);
        std::vector<ItemId> met;
        for (std::int64_t r = from; r < to; ++r) {
          const auto row = static_cast<std::size_t>(r);
          met.clear();
          for (Offset i = first.offsets[row]; i < first.offsets[row + 1]; ++i) {
            const auto inner = static_cast<std::size_t>(first.columns[static_cast<std::size_t>(i)]);
            const float weight = first.weights[static_cast<std::size_t>(i)];
            for (Offset j = second.offsets[inner]; j < second.offsets[inner + 1]; ++j) {
              const float share = second.weights[static_cast<std::size_t>(j)];
              if (!(weight * share > 0.0F)) continue;
              const ItemId column = second.columns[static_cast<std::size_t>(j)];
              float& place = sum[static_cast<std::size_t>(column)];
              if (place == 0.0F) met.push_back(column);
              place += weight * share;
            }
          }
          std::vector<Entry>& found = best[row];
          found.reserve(met.size());
          for (const ItemId column : met) {
            found.emplace_back(std::exchange(sum[static_cast<std::size_t>(column)], 0.0F), column);
          }
          if (found.size() > most) {
            const auto end = found.begin() + static_cast<std::ptrdiff_t>(most);
            std::nth_element(found.begin(), end, found.end(), before);
            found.resize(most);
            found.shrink_to_fit();
          }
          std::sort(found.begin(), found.end(), before);
        }
      },
      poll);
  SparseTable table;
  table.offsets.push_back(0);
  for (std::vector<Entry>& row : best) {
    for (const auto& [weight, column] : row) {
      table.columns.push_back(column);
      table.weights.push_back(weight);
    }
    row = {};
    table.offsets.push_back(static_cast<Offset>(table.columns.size()));
  }
  return table;
}

}  // namespace likewise
