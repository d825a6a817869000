// clusters.cpp: Lloyd's algorithm on samples, then everything to its nearest center.
#include "core/search/clusters.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/base/rng.h"
#include "core/kernels/kernels.h"
#include "core/search/answers.h"

namespace likewise {
namespace {

// Rows a center that centers are learned from, and rounds: more of either finds no better groups
// (benchmarks/notes/search.md).
constexpr std::size_t kSample = 64;
constexpr int kRounds = 3;

void add_row(float* sum, const float* row, std::size_t dim) {
  for (std::size_t d = 0; d < dim; ++d) sum[d] += row[d];
}

/// Centers of some rows, which come in random order.
Table learn(const RowsView& rows, const std::vector<ItemId>& some, std::size_t wanted) {
  const std::size_t count = std::min(some.size(), wanted * kSample);
  Table centers(wanted, rows.columns);
  for (std::size_t c = 0; c < wanted; ++c) {
    std::copy_n(rows.row(static_cast<std::size_t>(some[c])), rows.columns, centers.row(c));
  }
  if (wanted == 1 || wanted == count) return centers;
  std::vector<std::int32_t> labels(count);
  std::vector<std::size_t> sizes(wanted);
  for (int round = 0; round < kRounds; ++round) {
    Nearest(centers, 0, wanted, false).find(rows, some.data(), count, labels.data());
    Table sums(wanted, rows.columns);
    std::fill(sizes.begin(), sizes.end(), 0);
    for (std::size_t i = 0; i < count; ++i) {
      const auto label = static_cast<std::size_t>(labels[i]);
      add_row(sums.row(label), rows.row(static_cast<std::size_t>(some[i])), rows.columns);
      ++sizes[label];
    }
    for (std::size_t c = 0; c < wanted; ++c) {
      if (sizes[c] == 0) continue;  // it stays where it is: others moved towards its rows
      const float scale = 1.0F / static_cast<float>(sizes[c]);
      for (std::size_t d = 0; d < rows.columns; ++d) centers.row(c)[d] = sums.row(c)[d] * scale;
    }
  }
  return centers;
}

/// Rows by label, those of one label in the order in which they come.
std::vector<std::vector<ItemId>> by_label(const std::vector<ItemId>& some,
                                          const std::vector<std::int32_t>& labels,
                                          std::size_t most) {
  std::vector<std::vector<ItemId>> found(most);
  for (std::size_t i = 0; i < some.size(); ++i) {
    found[static_cast<std::size_t>(labels[i])].push_back(some[i]);
  }
  return found;
}

struct Split {
  Table centers;
  std::vector<std::vector<ItemId>> members;
};

}  // namespace

Nearest::Nearest(const Table& centers, std::size_t first, std::size_t last, bool products)
    : dim_(centers.dim()), constants_(last - first) {
  const std::size_t panels = (size() + kScanCandidates - 1) / kScanCandidates;
  panels_ = Table(panels * dim_, kScanCandidates);
  for (std::size_t p = 0; p < panels; ++p) {
    const std::size_t start = p * kScanCandidates;
    lay_out<kScanCandidates>(std::min(kScanCandidates, size() - start), dim_, panels_.row(p * dim_),
                             [&](std::size_t i) { return centers.row(first + start + i); });
  }
  for (std::size_t c = 0; !products && c < size(); ++c) {
    const float* row = centers.row(first + c);
    double sum = 0.0;
    for (std::size_t d = 0; d < dim_; ++d) {
      sum += static_cast<double>(row[d]) * static_cast<double>(row[d]);
    }
    constants_[c] = static_cast<float>(sum / 2);
  }
}

void Nearest::scores(const float* queries, std::size_t count, float* scores,
                     std::size_t stride) const {
  static const std::vector<float> kAll(kScanQueries, kNoScore);
  alignas(64) float out[kScanQueries * kScanCandidates];
  std::uint32_t over[kScanQueries];
  const auto scan = kernels().scan;
  for (std::size_t start = 0; start < size(); start += kScanCandidates) {
    scan(queries, count, panels_.row(start / kScanCandidates * dim_), dim_, kAll.data(), out, over);
    const std::size_t some = std::min(kScanCandidates, size() - start);
    for (std::size_t c = 0; c < some; ++c) {
      for (std::size_t q = 0; q < count; ++q) {
        scores[(start + c) * stride + q] = out[q * kScanCandidates + c] - constants_[start + c];
      }
    }
  }
}

void Nearest::find(const RowsView& rows, const ItemId* some, std::size_t count,
                   std::int32_t* labels) const {
  Table queries(1, dim_ * kScanQueries);
  std::vector<float> all(size() * kScanQueries);
  for (std::size_t start = 0; start < count; start += kScanQueries) {
    const std::size_t many = std::min(kScanQueries, count - start);
    lay_out<kScanQueries>(many, dim_, queries.data(), [&](std::size_t i) {
      return rows.row(static_cast<std::size_t>(some[start + i]));
    });
    scores(queries.data(), many, all.data(), kScanQueries);
    float best[kScanQueries];
    std::fill_n(best, kScanQueries, kNoScore);
    std::fill_n(labels + start, many, 0);
    for (std::size_t c = 0; c < size(); ++c) {
      for (std::size_t q = 0; q < many; ++q) {
        if (!(all[c * kScanQueries + q] > best[q])) continue;
        best[q] = all[c * kScanQueries + q];
        labels[start + q] = static_cast<std::int32_t>(c);
      }
    }
  }
}

Clusters make_clusters(const RowsView& rows, const std::uint8_t* usable, std::size_t wanted,
                       int threads, const Poll& poll) {
  std::vector<ItemId> some;
  for (std::size_t i = 0; i < rows.rows; ++i) {
    if (usable == nullptr || usable[i] != 0) some.push_back(static_cast<ItemId>(i));
  }
  Clusters made;
  made.labels.assign(rows.rows, -1);
  if (some.empty()) {
    made.group_starts = {0};
    return made;
  }
  Rng rng(1);
  for (std::size_t i = some.size(); i > 1; --i) {
    std::swap(some[i - 1], some[rng.below(static_cast<std::uint32_t>(i))]);
  }
  wanted = std::clamp<std::size_t>(wanted, 1, some.size());
  const auto groups = static_cast<std::size_t>(std::sqrt(static_cast<double>(wanted)));
  made.groups = learn(rows, some, std::max<std::size_t>(1, groups));
  const Nearest nearest(made.groups, 0, made.groups.rows(), false);
  std::vector<std::int32_t> labels(some.size());
  parallel_for(
      threads, static_cast<std::int64_t>(some.size()), 4096,
      [&](std::int64_t first, std::int64_t last, int) {
        nearest.find(rows, some.data() + first, static_cast<std::size_t>(last - first),
                     labels.data() + first);
      },
      poll);
  const auto members = by_label(some, labels, made.groups.rows());
  std::vector<Split> splits(members.size());
  parallel_for(
      threads, static_cast<std::int64_t>(members.size()), 1,
      [&](std::int64_t first, std::int64_t last, int) {
        for (auto g = static_cast<std::size_t>(first); g < static_cast<std::size_t>(last); ++g) {
          const std::vector<ItemId>& mine = members[g];
          if (mine.empty()) continue;
          const std::size_t parts =
              std::max<std::size_t>(1, (wanted * mine.size() + some.size() / 2) / some.size());
          splits[g].centers = learn(rows, mine, parts);
          std::vector<std::int32_t> found(mine.size());
          Nearest(splits[g].centers, 0, parts, false)
              .find(rows, mine.data(), mine.size(), found.data());
          splits[g].members = by_label(mine, found, parts);
        }
      },
      poll);
  std::vector<const float*> centers;
  made.group_starts.push_back(0);
  for (const Split& split : splits) {
    for (std::size_t c = 0; c < split.members.size(); ++c) {
      if (split.members[c].empty()) continue;
      for (const ItemId row : split.members[c]) {
        made.labels[static_cast<std::size_t>(row)] = static_cast<std::int32_t>(centers.size());
      }
      centers.push_back(split.centers.row(c));
    }
    made.group_starts.push_back(centers.size());
  }
  made.centers = Table(centers.size(), rows.columns);
  for (std::size_t c = 0; c < centers.size(); ++c) {
    std::copy_n(centers[c], rows.columns, made.centers.row(c));
  }
  return made;
}

}  // namespace likewise
