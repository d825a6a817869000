// test_share.cpp: what items of a session give to each other, of every set, by the definition.
#include <cstdint>
#include <vector>

#include "check.h"
#include "core/base/rng.h"
#include "core/base/table.h"
#include "core/kernels/kernels.h"

using namespace likewise;

namespace {

constexpr std::size_t kItems = 40;

Table random_rows() {
  Table rows(kItems, kLine);
  rows.fill_uniform(1.0F, 3);
  return rows;
}

/// n sessions of distinct items, and as many more as may be looked up ahead.
std::vector<std::uint16_t> random_sessions(std::size_t length, std::size_t n) {
  Rng rng(length, n);
  std::vector<std::uint16_t> items;
  for (std::size_t s = 0; s < n; ++s) {
    const std::uint32_t first = rng.below(kItems);
    for (std::size_t k = 0; k < length; ++k) {  // 3 and kItems have no common divisor
      items.push_back(static_cast<std::uint16_t>((first + 3 * k) % kItems));
    }
  }
  items.resize(items.size() + kReadAhead, 0);
  return items;
}

void sessions_share_what_their_items_give(const Kernels& set, std::size_t length, std::size_t n) {
  const std::vector<std::uint16_t> items = random_sessions(length, n);
  std::vector<float> weights;
  for (std::size_t s = 0; s < n; ++s) weights.push_back(0.5F + static_cast<float>(s));
  const Table before = random_rows();
  Table after = random_rows();
  set.share(after.data(), items.data(), length, weights.data(), n);

  std::vector<double> expected(before.data(), before.data() + kItems * kLine);
  for (std::size_t s = 0; s < n; ++s) {
    for (std::size_t d = 0; d < kRowAlign; ++d) {
      double sum = 0;
      for (std::size_t k = 0; k < length; ++k) {
        sum += static_cast<double>(before.row(items[s * length + k])[d]);
      }
      for (std::size_t k = 0; k < length; ++k) {
        expected[items[s * length + k] * kLine + kRowAlign + d] +=
            static_cast<double>(weights[s]) * sum;
      }
    }
  }
  for (std::size_t i = 0; i < kItems * kLine; ++i) {
    CHECK_CLOSE(after.data()[i], expected[i], 1e-3);
    if (i % kLine < kRowAlign) CHECK(after.data()[i] == before.data()[i]);
  }
}

}  // namespace

int main() {
  for (const Kernels* set : supported_kernels()) {
    for (const std::size_t length : {1, 2, 3, 4, 5, 6, 7, 8, 9, 23, 40}) {
      for (const std::size_t n : {0, 1, 2, 9}) {
        sessions_share_what_their_items_give(*set, length, n);
      }
    }
  }
  return likewise_check::failures();
}
