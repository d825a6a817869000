// partition.cpp: groups of near queries against clusters, the nearest first.
#include "core/search/partition.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <utility>

#include "core/base/table.h"
#include "core/kernels/kernels.h"
#include "core/search/answers.h"
#include "core/search/shortlist.h"

namespace likewise {
namespace {

// Queries that share a pass over clusters.
constexpr std::size_t kTogether = 8 * kScanQueries;
// Bars of 16 bits: nothing reaches the one, everything the other.
constexpr float kBeyond = 40000.0F;

/// One query of a group, and what it knows of the cluster at hand.
struct Asked {
  std::size_t query = 0;
  QuantisedQuery bytes;
  Shortlist best;
  float rounding = 0.0F;  // what float32 may take from a product with the longest row
  std::size_t equal = 0;  // the equal rows met last, by their first slot, and how many were taken
  std::size_t taken = 0;
};

/// What one thread needs.
struct Workspace {
  std::vector<Asked> asked;
  // Of each: its length, and what an upper bound of a score must reach to be of use.
  float lengths[kTogether], limits[kTogether];
  std::vector<float> far;   // (groups, kTogether) products with the centers of groups
  std::vector<float> near;  // (clusters of one group, kTogether) products with their centers
  std::vector<std::pair<float, std::size_t>> groups;
  std::vector<std::pair<float, std::size_t>> order;
  Table queries;                  // blocks of kScanQueries, dimension by dimension
  std::vector<std::size_t> open;  // queries that meet the cluster, in `asked`
  std::vector<const std::uint32_t*> words;
  std::vector<std::int32_t> starts, bars;
  std::vector<std::uint32_t> over;
  std::vector<const float*> rows;
  std::vector<ItemId> positions;
  std::vector<float> scores;
};

/// What all threads look up.
struct Shared {
  const TopKRequest& request;
  const Clusters& clusters;
  const QuantisedRows& quantised;
  const Nearest& groups;
  const std::vector<Nearest>& centers;
  float reach;
  // How far a group's clusters go from its center, at this reach.
  std::vector<float> extents;
};

class Group {
 public:
  Group(const Shared& shared, Workspace& work)
      : request_(shared.request), quantised_(shared.quantised), shared_(shared), work_(work) {}

  /// False when it was stopped on the way.
  bool search(const std::size_t* queries, std::size_t count, const StopFlag& stop) {
    begin(queries, count);
    for (const auto& [mean, group] : work_.groups) {
      if (stop.requested()) return false;
      const std::uint32_t blocks = near_blocks(group);
      if (blocks == 0) continue;
      const std::size_t first = shared_.clusters.group_starts[group];
      measure(shared_.centers[group], blocks, work_.near, work_.order);
      for (const auto& [near, cluster] : work_.order) meet(first + cluster, cluster);
    }
    return true;
  }

 private:
  void begin(const std::size_t* queries, std::size_t count) {
    work_.asked.resize(std::max(work_.asked.size(), count));
    count_ = count;
    const float unit = rounding_of(request_.dim);
    for (std::size_t i = 0; i < count; ++i) {
      Asked& one = work_.asked[i];
      one.query = queries[i];
      one.bytes.set(request_.queries + queries[i] * request_.query_stride, request_.dim,
                    quantised_.kernel_set().bytes.group);
      one.rounding = unit * one.bytes.length * quantised_.longest();
      one.best.reset(std::min(request_.k, quantised_.size()));
      const bool alone =
          request_.same.of_queries != nullptr && request_.same.of_queries[queries[i]] < 0;
      const bool open = one.bytes.length > 0.0F && !alone;
      work_.lengths[i] = one.bytes.length;
      work_.limits[i] = open ? kNoScore : std::numeric_limits<float>::infinity();
    }
    if (work_.queries.empty()) {
      work_.queries = Table(kTogether / kScanQueries, request_.dim * kScanQueries);
    }
    for (std::size_t first = 0; first < count; first += kScanQueries) {
      lay_out<kScanQueries>(std::min(kScanQueries, count - first), request_.dim,
                            work_.queries.row(first / kScanQueries), [&](std::size_t i) {
                              return request_.queries + queries[first + i] * request_.query_stride;
                            });
    }
    measure(shared_.groups, ~std::uint32_t{0}, work_.far, work_.groups);
  }

  /// Products of some blocks of queries with some centers, those of others being as low as can be,
  /// and the centers in the order of these products.
  void measure(const Nearest& centers, std::uint32_t blocks, std::vector<float>& products,
               std::vector<std::pair<float, std::size_t>>& order) {
    if (products.size() < centers.size() * kTogether) products.resize(centers.size() * kTogether);
    order.resize(centers.size());
    for (std::size_t c = 0; c < centers.size(); ++c) order[c] = {0.0F, c};
    for (std::size_t first = 0; first < count_; first += kScanQueries) {
      const std::size_t some = std::min(kScanQueries, count_ - first);
      const bool there = ((blocks >> (first / kScanQueries)) & 1U) != 0;
      if (there) {
        centers.scores(work_.queries.row(first / kScanQueries), some, products.data() + first,
                       kTogether);
      }
      for (std::size_t c = 0; c < centers.size(); ++c) {
        float* mine = products.data() + c * kTogether + first;
        if (!there) std::fill_n(mine, some, kNoScore);
        for (std::size_t q = 0; there && q < some; ++q) order[c].first -= mine[q];
      }
    }
    std::sort(order.begin(), order.end());
  }

  /// A bit for each block of queries of which one may meet a cluster of a group.
  std::uint32_t near_blocks(std::size_t group) const {
    const float* far = work_.far.data() + group * kTogether;
    const float extent = shared_.extents[group];
    std::uint32_t blocks = 0;
    for (std::size_t i = 0; i < count_; ++i) {
      const bool near = far[i] + work_.lengths[i] * extent >= work_.limits[i];
      blocks |= static_cast<std::uint32_t>(near) << (i / kScanQueries);
    }
    return blocks;
  }

  /// Chooses who meets a cluster, and scans it for them.
  void meet(std::size_t number, std::size_t in_group) {
    const QuantisedCluster& cluster = quantised_.clusters()[number];
    if (cluster.first == cluster.last) return;
    const float* near = work_.near.data() + in_group * kTogether;
    const float radius = shared_.reach * cluster.radius;
    work_.open.clear();
    for (std::size_t i = 0; i < count_; ++i) {
      if (near[i] + work_.lengths[i] * radius >= work_.limits[i]) work_.open.push_back(i);
    }
    const std::size_t open = work_.open.size();
    if (open == 0) return;
    work_.words.resize(open);
    work_.starts.resize(open);
    work_.bars.resize(open);
    work_.over.resize(open);
    for (std::size_t j = 0; j < open; ++j) {
      const std::size_t i = work_.open[j];
      work_.words[j] = work_.asked[i].bytes.words.data();
      work_.starts[j] = work_.asked[i].bytes.start;
      work_.bars[j] = bar_of(work_.asked[i], cluster, near[i]);
      work_.asked[i].taken = 0;
      work_.asked[i].equal = quantised_.size();
    }
    const ByteKernels& bytes = quantised_.kernel_set().bytes;
    for (std::size_t slot = cluster.first, p = 0; slot < cluster.last;
         slot += kScanCandidates, ++p) {
      bytes.scan(work_.words.data(), open, quantised_.panel(cluster.panel + p), quantised_.groups(),
                 work_.starts.data(), work_.bars.data(), work_.over.data());
      const std::size_t some = std::min(kScanCandidates, cluster.last - slot);
      const std::uint32_t there = ~std::uint32_t{0} >> (kScanCandidates - some);
      for (std::size_t j = 0; j < open; ++j) {
        const std::uint32_t bits = work_.over[j] & there;
        if (bits == 0) continue;
        Asked& one = work_.asked[work_.open[j]];
        if (!judge(one, slot, bits)) continue;
        work_.bars[j] = bar_of(one, cluster, near[work_.open[j]]);
        work_.limits[work_.open[j]] = one.best.bar() - one.rounding;
      }
    }
  }

  /// The product of bytes that a row of the cluster must exceed to be looked at.
  std::int32_t bar_of(const Asked& one, const QuantisedCluster& cluster, float near) const {
    if (one.best.bar() == kNoScore) return static_cast<std::int32_t>(-kBeyond);
    const float lost = one.bytes.error * (cluster.radius + cluster.error) +
                       one.bytes.length * cluster.error + one.rounding;
    const float least = (one.best.bar() - near - lost) / (one.bytes.scale * cluster.scale);
    return static_cast<std::int32_t>(std::ceil(std::clamp(least, -kBeyond, kBeyond))) - 1;
  }

  /// Scores the rows of a panel that may be among the best; returns whether the bar has moved.
  bool judge(Asked& one, std::size_t first, std::uint32_t bits) {
    work_.rows.clear();
    work_.positions.clear();
    for (; bits != 0; bits &= bits - 1) {
      const std::size_t slot = first + static_cast<std::size_t>(std::countr_zero(bits));
      const ItemId position = quantised_.position(slot);
      if (!passes(request_, one.query, position) || !has_label_of(request_, one.query, position)) {
        continue;
      }
      if (const std::size_t equal = quantised_.first_equal(slot); equal != one.equal) {
        one.equal = equal;
        one.taken = 0;
      }
      if (one.taken++ >= request_.k) continue;  // as good as k before it
      const float* row = request_.candidates + static_cast<std::size_t>(position) * request_.stride;
      __builtin_prefetch(row);
      __builtin_prefetch(row + kLine);
      work_.positions.push_back(position);
      work_.rows.push_back(row);
    }
    work_.scores.resize(work_.rows.size());
    quantised_.kernel_set().dots(request_.queries + one.query * request_.query_stride,
                                 work_.rows.data(), work_.rows.size(), request_.dim,
                                 work_.scores.data());
    const Truth truth{request_, quantised_.kernel_set(), one.query};
    bool moved = false;
    for (std::size_t i = 0; i < work_.rows.size(); ++i) {
      moved |= one.best.add(work_.scores[i], work_.positions[i], one.rounding, truth);
    }
    return moved;
  }

  const TopKRequest& request_;
  const QuantisedRows& quantised_;
  const Shared& shared_;
  Workspace& work_;
  std::size_t count_ = 0;
};

/// Queries in an order that brings near ones together: by the cluster of which each is nearest.
std::vector<std::size_t> near_together(const Shared& shared, int threads, const Poll& poll) {
  const TopKRequest& request = shared.request;
  const RowsView queries{request.queries, request.n_queries, request.dim, request.query_stride};
  std::vector<ItemId> all(request.n_queries);
  std::iota(all.begin(), all.end(), 0);
  std::vector<std::int32_t> group(request.n_queries);
  std::vector<std::pair<std::size_t, std::size_t>> order(request.n_queries);
  parallel_for(
      threads, static_cast<std::int64_t>(all.size()), 1024,
      [&](std::int64_t first, std::int64_t last, int) {
        shared.groups.find(queries, all.data() + first, static_cast<std::size_t>(last - first),
                           group.data() + first);
      },
      poll);
  std::vector<std::vector<ItemId>> members(shared.groups.size());
  for (std::size_t q = 0; q < all.size(); ++q) {
    members[static_cast<std::size_t>(group[q])].push_back(static_cast<ItemId>(q));
  }
  parallel_for(
      threads, static_cast<std::int64_t>(members.size()), 1,
      [&](std::int64_t first, std::int64_t last, int) {
        for (auto g = static_cast<std::size_t>(first); g < static_cast<std::size_t>(last); ++g) {
          const std::size_t start = shared.clusters.group_starts[g];
          std::vector<std::int32_t> found(members[g].size(), 0);
          shared.centers[g].find(queries, members[g].data(), members[g].size(), found.data());
          for (std::size_t i = 0; i < found.size(); ++i) {
            const auto q = static_cast<std::size_t>(members[g][i]);
            order[q] = {start + static_cast<std::size_t>(found[i]), q};
          }
        }
      },
      poll);
  std::sort(order.begin(), order.end());
  std::vector<std::size_t> sorted(order.size());
  std::transform(order.begin(), order.end(), sorted.begin(),
                 [](const auto& one) { return one.second; });
  return sorted;
}

}  // namespace

Partition::Partition(const RowsView& rows, std::shared_ptr<const Clusters> clusters,
                     const std::uint8_t* allowed, int threads, const Poll& poll)
    : rows_(rows),
      clusters_(std::move(clusters)),
      quantised_(rows, *clusters_, allowed, threads, poll),
      groups_(clusters_->groups, 0, clusters_->groups.rows(), true) {
  std::vector<float> difference(rows.columns);
  for (std::size_t g = 0; g < clusters_->groups.rows(); ++g) {
    const std::size_t first = clusters_->group_starts[g], last = clusters_->group_starts[g + 1];
    centers_.emplace_back(clusters_->centers, first, last, true);
    for (std::size_t c = first; c < last; ++c) {
      std::transform(clusters_->centers.row(c), clusters_->centers.row(c) + rows.columns,
                     clusters_->groups.row(g), difference.begin(), std::minus<>());
      distances_.push_back(length_of(difference.data(), rows.columns));
    }
  }
}

std::vector<float> Partition::radii() const {
  std::vector<float> found;
  for (const QuantisedCluster& cluster : quantised_.clusters()) found.push_back(cluster.radius);
  return found;
}

void Partition::search(const TopKRequest& request, float reach, bool alone, ItemId* positions,
                       float* scores, const Poll& poll) const {
  std::fill_n(positions, request.n_queries * request.k, ItemId{-1});
  std::fill_n(scores, request.n_queries * request.k, kNoScore);
  if (request.n_queries == 0 || quantised_.size() == 0) return;
  const int threads = std::max(1, request.threads);
  Shared shared{request, *clusters_, quantised_, groups_, centers_, reach, {}};
  for (std::size_t g = 0; g < centers_.size(); ++g) {
    float extent = 0.0F;
    for (std::size_t c = clusters_->group_starts[g]; c < clusters_->group_starts[g + 1]; ++c) {
      extent = std::max(extent, distances_[c] + reach * quantised_.clusters()[c].radius);
    }
    // Products of centers are rounded, too: of a little more than the longest row, at most.
    shared.extents.push_back(extent + 3 * rounding_of(request.dim) * quantised_.longest());
  }
  const std::vector<std::size_t> order = near_together(shared, threads, poll);
  const std::size_t share =
      (order.size() + static_cast<std::size_t>(threads) - 1) / static_cast<std::size_t>(threads);
  const std::size_t together = alone ? 1 : std::min(kTogether, rounded_up(share, kScanQueries));
  const std::size_t groups = (order.size() + together - 1) / together;
  std::atomic<std::size_t> next{0};
  run_workers(
      static_cast<int>(std::min(static_cast<std::size_t>(threads), groups)),
      [&](int, const StopFlag& stop) {
        Workspace work;
        Group group(shared, work);
        for (std::size_t g; !stop.requested() && (g = next.fetch_add(1)) < groups;) {
          const std::size_t first = g * together;
          const std::size_t count = std::min(together, order.size() - first);
          if (!group.search(order.data() + first, count, stop)) return;
          for (std::size_t i = 0; i < count; ++i) {
            Asked& one = work.asked[i];
            write_row(request, quantised_.kernel_set(), one.query, one.best.found(), positions,
                      scores);
          }
        }
      },
      poll);
}

}  // namespace likewise
