// top_k.cpp: groups of queries against lists of candidates, each query with a shortlist of its own.
#include "core/search/top_k.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/base/table.h"
#include "core/kernels/kernels.h"

namespace likewise {
namespace {

// Queries that share a pass over the candidates: what fits the second level of cache with room to
// spare, so that the work of laying out candidates is shared by many.
constexpr std::size_t kGroupBytes = std::size_t{512} << 10;
constexpr std::size_t kShortlistBytes = std::size_t{16} << 20;
// The scan sums in float32; this many more candidates than wanted are summed again in float64.
constexpr std::size_t kMargin = 8;
// Multiplications below which starting threads costs more than it saves.
constexpr std::size_t kSmallWork = std::size_t{1} << 24;
using Scan = decltype(Kernels::scan);
constexpr float kNone = -std::numeric_limits<float>::infinity();

struct Found {
  float score;
  ItemId position;
};

bool better(const Found& a, const Found& b) {
  return a.score > b.score || (a.score == b.score && a.position < b.position);
}

/// The best `keep` seen so far of one query, unordered, and at most as many that wait to be judged.
class Shortlist {
 public:
  void reset(std::size_t keep) {
    keep_ = keep;
    found_.clear();
  }

  /// Candidates must come by ascending position: an equal score never displaces an earlier one.
  /// Returns the bar: what does not score above it is not wanted.
  float add(float score, ItemId position, float bar) {
    found_.push_back({score, position});
    if (found_.size() < 2 * keep_) return bar;
    settle();
    return found_.back().score;
  }

  const std::vector<Found>& settled() {
    if (found_.size() > keep_) settle();
    return found_;
  }

 private:
  void settle() {
    const auto last = found_.begin() + static_cast<std::ptrdiff_t>(keep_ - 1);
    std::nth_element(found_.begin(), last, found_.end(), better);
    found_.resize(keep_);
  }

  std::size_t keep_ = 0;
  std::vector<Found> found_;
};

/// Positions in ascending order; null pointers stand for first, first + 1, ...
struct List {
  const ItemId* positions = nullptr;
  std::size_t size = 0;
  ItemId first = 0;

  ItemId operator[](std::size_t i) const {
    return positions == nullptr ? first + static_cast<ItemId>(i) : positions[i];
  }
  List part(std::size_t from, std::size_t to) const {
    return positions == nullptr ? List{nullptr, to - from, first + static_cast<ItemId>(from)}
                                : List{positions + from, to - from, 0};
  }
};

/// Some queries (positions in `order`) that meet the same candidates.
struct Task {
  std::size_t first, last;  // in Plan::order
  List candidates;
  std::size_t slice;  // which part of the candidates this is, where a group has several
};

/// Who meets whom.
struct Plan {
  std::vector<std::size_t> order;  // queries; those with equal labels together
  std::vector<ItemId> listed;  // candidates that may be answers; those with equal labels together
  std::vector<Task> tasks;
  std::size_t slices = 1;
};

std::size_t group_size(const TopKRequest& request, std::size_t queries, std::size_t threads) {
  const std::size_t keep = std::min(request.k + kMargin, request.n);
  std::size_t size =
      std::min(kGroupBytes / (sizeof(float) * std::max<std::size_t>(1, request.dim)),
               kShortlistBytes / (2 * sizeof(Found) * std::max<std::size_t>(1, keep)));
  size = std::min(size, (queries + threads - 1) / threads);
  return std::max<std::size_t>(1, (size + kScanQueries - 1) / kScanQueries) * kScanQueries;
}

void add_tasks(const TopKRequest& request, Plan& plan, std::size_t first, std::size_t last,
               List candidates, std::size_t threads, std::size_t slices) {
  const std::size_t size = group_size(request, last - first, threads);
  for (std::size_t q = first; q < last; q += size) {
    for (std::size_t s = 0; s < slices; ++s) {
      const List part =
          candidates.part(candidates.size * s / slices, candidates.size * (s + 1) / slices);
      plan.tasks.push_back({q, std::min(q + size, last), part, s});
    }
  }
}

bool may_be_answer(const TopKRequest& request, std::size_t candidate) {
  return request.allowed == nullptr || request.allowed[candidate] != 0;
}

Plan plan_all(const TopKRequest& request, std::size_t threads) {
  Plan plan;
  plan.order.resize(request.n_queries);
  std::iota(plan.order.begin(), plan.order.end(), std::size_t{0});
  List candidates{nullptr, request.n, 0};
  if (request.allowed != nullptr) {
    for (std::size_t c = 0; c < request.n; ++c) {
      if (may_be_answer(request, c)) plan.listed.push_back(static_cast<ItemId>(c));
    }
    candidates = {plan.listed.data(), plan.listed.size(), 0};
  }
  // Few queries are shared out by candidates instead, and the parts merged at the end.
  const std::size_t size = group_size(request, request.n_queries, threads);
  const std::size_t groups = (request.n_queries + size - 1) / size;
  if (groups < threads) plan.slices = (threads + groups - 1) / groups;
  const std::size_t panels = (candidates.size + kScanCandidates - 1) / kScanCandidates;
  plan.slices = std::clamp<std::size_t>(plan.slices, 1, std::max<std::size_t>(1, panels));
  add_tasks(request, plan, 0, request.n_queries, candidates, threads, plan.slices);
  return plan;
}

/// Counts how many have each label and turns the counts into where each label starts.
template <class Use>
std::vector<std::size_t> starts_of(const std::int32_t* labels, std::size_t size, std::size_t most,
                                   const Use& use) {
  std::vector<std::size_t> starts(most + 1, 0);
  for (std::size_t i = 0; i < size; ++i) {
    if (labels[i] >= 0 && use(i)) ++starts[static_cast<std::size_t>(labels[i]) + 1];
  }
  std::partial_sum(starts.begin(), starts.end(), starts.begin());
  return starts;
}

/// Queries meet only the candidates with their label, which are gathered once.
Plan plan_by_label(const TopKRequest& request, std::size_t threads) {
  const std::size_t most = request.n + request.n_queries;
  for (const auto& [labels, size] : {std::pair{request.same.of_queries, request.n_queries},
                                     std::pair{request.same.of_candidates, request.n}}) {
    for (std::size_t i = 0; i < size; ++i) {
      if (labels[i] >= 0 && static_cast<std::size_t>(labels[i]) >= most) {
        throw std::invalid_argument("same must hold labels below " + std::to_string(most) +
                                    ", got " + std::to_string(labels[i]));
      }
    }
  }
  const auto fill = [&](const std::int32_t* labels, std::size_t size, auto& out, const auto& use) {
    const std::vector<std::size_t> starts = starts_of(labels, size, most, use);
    std::vector<std::size_t> next(starts.begin(), starts.end() - 1);
    out.resize(starts.back());
    for (std::size_t i = 0; i < size; ++i) {
      if (labels[i] < 0 || !use(i)) continue;
      using Value = typename std::remove_reference_t<decltype(out)>::value_type;
      out[next[static_cast<std::size_t>(labels[i])]++] = static_cast<Value>(i);
    }
    return starts;
  };
  Plan plan;
  const auto queries = fill(request.same.of_queries, request.n_queries, plan.order,
                            [](std::size_t) { return true; });
  const auto listed = fill(request.same.of_candidates, request.n, plan.listed,
                           [&](std::size_t c) { return may_be_answer(request, c); });
  for (std::size_t label = 0; label < most; ++label) {
    if (queries[label] == queries[label + 1] || listed[label] == listed[label + 1]) continue;
    const List candidates{plan.listed.data() + listed[label], listed[label + 1] - listed[label], 0};
    add_tasks(request, plan, queries[label], queries[label + 1], candidates, threads, 1);
  }
  return plan;
}

/// What one thread needs, and no other touches.
struct Workspace {
  explicit Workspace(std::size_t dim)
      : candidates(dim, kScanCandidates), scores(kScanQueries, kScanCandidates) {}

  Table queries;     // blocks of kScanQueries queries, dimension by dimension
  Table candidates;  // one panel of them, dimension by dimension
  Table scores;
  std::vector<float> bars;
  std::vector<Shortlist> best;
  std::vector<Found> sorted;
};

/// Lays `count` rows out dimension by dimension, `kWidth` of them side by side; the rest are zero.
template <std::size_t kWidth, class RowAt>
void lay_out(std::size_t count, std::size_t dim, float* out, const RowAt& row_at) {
  constexpr std::size_t kTogether = 4;
  static_assert(kWidth % kTogether == 0);
  if (count < kWidth) std::fill_n(out, dim * kWidth, 0.0F);
  std::size_t i = 0;
  for (; i + kTogether <= count; i += kTogether) {
    const float *a = row_at(i), *b = row_at(i + 1), *c = row_at(i + 2), *d = row_at(i + 3);
    float* place = out + i;
    for (std::size_t e = 0; e < dim; ++e, place += kWidth) {
      place[0] = a[e];
      place[1] = b[e];
      place[2] = c[e];
      place[3] = d[e];
    }
  }
  for (; i < count; ++i) {
    const float* row = row_at(i);
    for (std::size_t e = 0; e < dim; ++e) out[e * kWidth + i] = row[e];
  }
}

bool passes(const TopKRequest& request, std::size_t query, ItemId candidate) {
  if (request.exclude != nullptr && request.exclude[query] == candidate) return false;
  for (const Labels& labels : request.different) {
    const std::int32_t label = labels.of_queries[query];
    if (label >= 0 && label == labels.of_candidates[candidate]) return false;
  }
  if (request.excluded_offsets != nullptr) {
    const ItemId* first = request.excluded + request.excluded_offsets[query];
    const ItemId* last = request.excluded + request.excluded_offsets[query + 1];
    if (std::find(first, last, candidate) != last) return false;
  }
  return true;
}

/// False when it was stopped on the way.
bool search(const TopKRequest& request, const Plan& plan, const Task& task, Scan scan,
            const StopFlag& stop, Workspace& work) {
  const std::size_t count = task.last - task.first, dim = request.dim;
  const std::size_t blocks = (count + kScanQueries - 1) / kScanQueries;
  if (work.queries.rows() < blocks) work.queries = Table(blocks, dim * kScanQueries);
  if (work.best.size() < count) work.best.resize(count);
  const std::size_t keep = std::min(request.k + kMargin, request.n);
  for (std::size_t q = 0; q < count; ++q) work.best[q].reset(keep);
  // A place without a query never wants anything.
  work.bars.assign(blocks * kScanQueries, std::numeric_limits<float>::infinity());
  std::fill_n(work.bars.begin(), count, kNone);
  for (std::size_t b = 0; b < blocks; ++b) {
    const std::size_t first = b * kScanQueries;
    lay_out<kScanQueries>(std::min(kScanQueries, count - first), dim, work.queries.row(b),
                          [&](std::size_t i) {
                            const std::size_t query = plan.order[task.first + first + i];
                            return request.queries + query * request.query_stride;
                          });
  }
  std::uint32_t over[kScanQueries];
  for (std::size_t c = 0; c < task.candidates.size; c += kScanCandidates) {
    if (stop.requested()) return false;
    const std::size_t some = std::min(kScanCandidates, task.candidates.size - c);
    lay_out<kScanCandidates>(some, dim, work.candidates.data(), [&](std::size_t i) {
      const auto row = static_cast<std::size_t>(task.candidates[c + i]);
      return request.candidates + row * request.stride;
    });
    const std::uint32_t there = ~std::uint32_t{0} >> (kScanCandidates - some);
    for (std::size_t b = 0; b < blocks; ++b) {
      const std::size_t first = b * kScanQueries, many = std::min(kScanQueries, count - first);
      scan(work.queries.row(b), many, work.candidates.data(), dim, work.bars.data() + first,
           work.scores.data(), over);
      for (std::size_t q = 0; q < many; ++q) {
        for (std::uint32_t bits = over[q] & there; bits != 0; bits &= bits - 1) {
          const auto i = static_cast<std::size_t>(std::countr_zero(bits));
          const float score = work.scores.data()[q * kScanCandidates + i];
          float& bar = work.bars[first + q];
          const ItemId position = task.candidates[c + i];
          if (!(score > bar) || !passes(request, plan.order[task.first + first + q], position)) {
            continue;
          }
          bar = work.best[first + q].add(score, position, bar);
        }
      }
    }
  }
  return true;
}

double dot(const float* a, const float* b, std::size_t dim) {
  double sums[4] = {0.0, 0.0, 0.0, 0.0};
  std::size_t d = 0;
  for (; d + 4 <= dim; d += 4) {
    for (std::size_t j = 0; j < 4; ++j) {
      sums[j] += static_cast<double>(a[d + j]) * static_cast<double>(b[d + j]);
    }
  }
  for (; d < dim; ++d) sums[0] += static_cast<double>(a[d]) * static_cast<double>(b[d]);
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

/// Fills one query's row of the answer from its shortlist, which is scored again and ordered.
void write_row(const TopKRequest& request, std::size_t query, std::vector<Found>& found,
               ItemId* positions, float* scores) {
  const float* asked = request.queries + query * request.query_stride;
  for (Found& one : found) {
    const float* row = request.candidates + static_cast<std::size_t>(one.position) * request.stride;
    one.score = static_cast<float>(dot(asked, row, request.dim));
  }
  std::sort(found.begin(), found.end(), better);
  const std::size_t count = std::min(found.size(), request.k);
  for (std::size_t i = 0; i < count; ++i) {
    positions[query * request.k + i] = found[i].position;
    scores[query * request.k + i] = found[i].score;
  }
}

}  // namespace

void top_k(const TopKRequest& request, ItemId* positions, float* scores, const Poll& poll) {
  if (request.k == 0) throw std::invalid_argument("k must be at least 1, got 0");
  if (request.n > static_cast<std::size_t>(std::numeric_limits<ItemId>::max())) {
    throw std::invalid_argument("candidates must be at most 2147483647, got " +
                                std::to_string(request.n));
  }
  std::fill_n(positions, request.n_queries * request.k, ItemId{-1});
  std::fill_n(scores, request.n_queries * request.k, kNone);
  if (request.n_queries == 0 || request.n == 0) return;

  const bool small = request.n_queries * request.n * whole_lines(request.dim) < kSmallWork;
  const std::size_t threads = small ? 1 : static_cast<std::size_t>(std::max(1, request.threads));
  const Plan plan = request.same.of_queries == nullptr ? plan_all(request, threads)
                                                       : plan_by_label(request, threads);
  const Scan scan = kernels().scan;
  std::vector<std::vector<Found>> parts(plan.slices > 1 ? plan.slices * request.n_queries : 0);
  const auto run = [&](const Task& task, const StopFlag& stop, Workspace& work) {
    if (!search(request, plan, task, scan, stop, work)) return;
    for (std::size_t q = task.first; q < task.last; ++q) {
      const std::size_t query = plan.order[q];
      work.sorted = work.best[q - task.first].settled();
      if (plan.slices > 1) {
        parts[query * plan.slices + task.slice] = work.sorted;
      } else {
        write_row(request, query, work.sorted, positions, scores);
      }
    }
  };

  if (small) {
    const StopFlag never;
    Workspace work(request.dim);
    for (const Task& task : plan.tasks) run(task, never, work);
  } else if (!plan.tasks.empty()) {
    std::atomic<std::size_t> next{0};
    run_workers(
        static_cast<int>(std::min(threads, plan.tasks.size())),
        [&](int, const StopFlag& stop) {
          Workspace work(request.dim);
          for (std::size_t t; !stop.requested() && (t = next.fetch_add(1)) < plan.tasks.size();) {
            run(plan.tasks[t], stop, work);
          }
        },
        poll);
  }
  if (plan.slices == 1) return;
  const std::size_t keep = std::min(request.k + kMargin, request.n);
  std::vector<Found> all;
  for (std::size_t q = 0; q < request.n_queries; ++q) {
    all.clear();
    for (std::size_t s = 0; s < plan.slices; ++s) {
      const std::vector<Found>& part = parts[q * plan.slices + s];
      all.insert(all.end(), part.begin(), part.end());
    }
    // What one thread would have kept: the same shortlist, however it was shared out.
    std::sort(all.begin(), all.end(), better);
    if (all.size() > keep) all.resize(keep);
    write_row(request, q, all, positions, scores);
  }
}

}  // namespace likewise
