// test_byte_kernels.cpp: products of bytes and of single rows, of every set that this machine runs,
// against the definition.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <vector>

#include "check.h"
#include "core/base/table.h"
#include "core/kernels/kernels.h"

using namespace likewise;

namespace {

constexpr std::size_t kMost = 25;  // queries: more than any tile has rows

/// Queries and a panel of so many dimensions, with bytes up to `most` and `query_most`.
struct Bytes {
  Bytes(std::size_t dim, std::size_t group, int most, int query_most, unsigned seed)
      : groups((dim + group - 1) / group),
        rows(kScanCandidates, std::vector<int>(groups * group, 0)),
        queries(kMost, std::vector<int>(groups * group, 0)),
        words(kMost, std::vector<std::uint32_t>(groups, 0)),
        panel((groups * group * kScanCandidates + 63) / 64, kLine) {
    std::mt19937 generator(seed);
    const auto random = [&](int bound) {
      return static_cast<int>(generator() % static_cast<unsigned>(2 * bound + 1)) - bound;
    };
    auto* bytes = reinterpret_cast<std::uint8_t*>(panel.data());
    for (std::size_t d = 0; d < dim; ++d) {
      for (std::size_t c = 0; c < kScanCandidates; ++c) {
        rows[c][d] = random(most);
        bytes[(d / group * kScanCandidates + c) * group + d % group] =
            static_cast<std::uint8_t>(rows[c][d] + 128);
      }
      for (std::size_t q = 0; q < kMost; ++q) {
        queries[q][d] = random(query_most);
        const auto word = static_cast<std::uint32_t>(queries[q][d]);
        for (std::size_t at = d % group; group > 1 && at < 4; at += group) {
          words[q][d / group] |= (word & 0xFFU) << (8 * at);
        }
        if (group == 1) words[q][d] = word;
      }
    }
  }

  int sum(std::size_t q, std::size_t c) const {
    int found = 0;
    for (std::size_t d = 0; d < rows[c].size(); ++d) found += queries[q][d] * rows[c][d];
    return found;
  }
  int start(std::size_t q) const {
    int found = 0;
    for (const int value : queries[q]) found -= 128 * value;
    return found;
  }

  std::size_t groups;
  std::vector<std::vector<int>> rows, queries;
  std::vector<std::vector<std::uint32_t>> words;
  Table panel;
};

void bytes_agree(const ByteKernels& set, std::size_t dim, int most, int query_most) {
  const Bytes bytes(dim, set.group, most, query_most, static_cast<unsigned>(dim));
  std::vector<const std::uint32_t*> words;
  std::vector<std::int32_t> starts, bars;
  for (std::size_t q = 0; q < kMost; ++q) {
    words.push_back(bytes.words[q].data());
    starts.push_back(bytes.start(q));
    // One of the sums themselves, which is not above it; and bars that nothing, or all, are above.
    bars.push_back(q % 5 == 0 ? 40000 : q % 5 == 1 ? -40000 : bytes.sum(q, q));
  }
  for (std::size_t count = 1; count <= kMost; ++count) {
    std::vector<std::uint32_t> over(kMost + 1, 77);
    set.scan(words.data(), count, reinterpret_cast<const std::uint8_t*>(bytes.panel.data()),
             bytes.groups, starts.data(), bars.data(), over.data());
    for (std::size_t q = 0; q < count; ++q) {
      for (std::size_t c = 0; c < kScanCandidates; ++c) {
        CHECK(((over[q] >> c) & 1U) == (bytes.sum(q, c) > bars[q] ? 1U : 0U));
      }
    }
    for (std::size_t q = count; q <= kMost; ++q) CHECK(over[q] == 77);
  }
}

void dots_agree(const Kernels& set, std::size_t dim) {
  std::mt19937 generator(static_cast<unsigned>(dim));
  std::normal_distribution<float> normal;
  std::vector<float> values(8 * dim + 1);
  std::generate(values.begin(), values.end(), [&] { return normal(generator); });
  std::vector<const float*> rows;
  for (std::size_t i = 1; i < 8; ++i) rows.push_back(values.data() + 1 + i * dim);  // not aligned
  std::vector<float> out(rows.size() + 1, 77.0F);
  set.dots(values.data(), rows.data(), rows.size(), dim, out.data());
  CHECK(out.back() == 77.0F);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    double sums[4] = {};
    const std::size_t whole = dim / 4 * 4;
    for (std::size_t d = 0; d < dim; ++d) {
      sums[d < whole ? d % 4 : 0] +=
          static_cast<double>(values[d]) * static_cast<double>(rows[i][d]);
    }
    const double sum = (sums[0] + sums[1]) + (sums[2] + sums[3]);
    CHECK_CLOSE(out[i], sum, 1e-6 * static_cast<double>(dim + 8));
    CHECK(set.true_dot(values.data(), rows[i], dim) == sum);
  }
}

}  // namespace

int main() {
  for (const Kernels* set : supported_kernels()) {
    for (const std::size_t dim : {1U, 2U, 3U, 4U, 5U, 7U, 8U, 9U, 16U, 31U, 33U, 63U, 100U, 255U}) {
      dots_agree(*set, dim);
      bytes_agree(set->bytes, dim, 9, 9);
    }
    bytes_agree(set->bytes, 2, 127, 63);  // the largest that there are
    bytes_agree(set->bytes, 4, 127, 63);
    bytes_agree(set->bytes, 3, 127, 63);
  }
  return likewise_check::failures();
}
