// top_k.cpp: groups of queries against lists of candidates, each query with a shortlist of its own.
#include "core/search/top_k.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/base/table.h"
#include "core/kernels/kernels.h"
#include "core/search/answers.h"
#include "core/search/shortlist.h"

namespace likewise {
namespace {

// Queries that share a pass over the candidates: what fits the second level of cache with room to
// spare, so that the work of laying out candidates is shared by many.
constexpr std::size_t kGroupBytes = std::size_t{512} << 10;
constexpr std::size_t kShortlistBytes = std::size_t{16} << 20;
// Multiplications below which starting threads costs more than it saves.
constexpr std::size_t kSmallWork = std::size_t{1} << 24;

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
  const std::size_t keep = std::min(request.k, request.n);
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
  std::vector<float> lengths, errors;  // of queries, and of their scores
  std::vector<Shortlist> best;
};

/// The length of the longest of the candidates of a panel, and a little more.
float longest_of(const float* panel, std::size_t dim) {
  float squares[kScanCandidates] = {};
  for (std::size_t d = 0; d < dim; ++d) {
    for (std::size_t c = 0; c < kScanCandidates; ++c) {
      squares[c] += panel[d * kScanCandidates + c] * panel[d * kScanCandidates + c];
    }
  }
  return std::sqrt(*std::max_element(squares, squares + kScanCandidates)) * (1.0F + 1e-4F);
}

/// False when it was stopped on the way.
bool search(const TopKRequest& request, const Plan& plan, const Task& task, const Kernels& set,
            const StopFlag& stop, Workspace& work) {
  const std::size_t count = task.last - task.first, dim = request.dim;
  const std::size_t blocks = (count + kScanQueries - 1) / kScanQueries;
  if (work.queries.rows() < blocks) work.queries = Table(blocks, dim * kScanQueries);
  if (work.best.size() < count) work.best.resize(count);
  const std::size_t keep = std::min(request.k, request.n);
  for (std::size_t q = 0; q < count; ++q) work.best[q].reset(keep);
  work.lengths.resize(count);
  work.errors.assign(count, 0.0F);
  for (std::size_t q = 0; q < count; ++q) {
    work.lengths[q] =
        length_of(request.queries + plan.order[task.first + q] * request.query_stride, dim);
  }
  float longest = 0.0F;  // of the candidates so far
  // A place without a query never wants anything.
  work.bars.assign(blocks * kScanQueries, std::numeric_limits<float>::infinity());
  std::fill_n(work.bars.begin(), count, kNoScore);
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
    if (const float here = longest_of(work.candidates.data(), dim); here > longest) {
      longest = here;
      for (std::size_t q = 0; q < count; ++q) {
        work.errors[q] = rounding_of(dim) * work.lengths[q] * longest;
        work.bars[q] = work.best[q].bar() - work.errors[q];
      }
    }
    const std::uint32_t there = ~std::uint32_t{0} >> (kScanCandidates - some);
    for (std::size_t b = 0; b < blocks; ++b) {
      const std::size_t first = b * kScanQueries, many = std::min(kScanQueries, count - first);
      set.scan(work.queries.row(b), many, work.candidates.data(), dim, work.bars.data() + first,
               work.scores.data(), over);
      for (std::size_t q = 0; q < many; ++q) {
        for (std::uint32_t bits = over[q] & there; bits != 0; bits &= bits - 1) {
          const auto i = static_cast<std::size_t>(std::countr_zero(bits));
          const float score = work.scores.data()[q * kScanCandidates + i];
          const std::size_t query = plan.order[task.first + first + q];
          const ItemId position = task.candidates[c + i];
          if (!passes(request, query, position)) continue;
          Shortlist& best = work.best[first + q];
          const float error = work.errors[first + q];
          if (best.add(score, position, error, Truth{request, set, query})) {
            work.bars[first + q] = best.bar() - error;
          }
        }
      }
    }
  }
  return true;
}

}  // namespace

void top_k(const TopKRequest& request, ItemId* positions, float* scores, const Poll& poll) {
  if (request.k == 0) throw std::invalid_argument("k must be at least 1, got 0");
  if (request.n > static_cast<std::size_t>(std::numeric_limits<ItemId>::max())) {
    throw std::invalid_argument("candidates must be at most 2147483647, got " +
                                std::to_string(request.n));
  }
  std::fill_n(positions, request.n_queries * request.k, ItemId{-1});
  std::fill_n(scores, request.n_queries * request.k, kNoScore);
  if (request.n_queries == 0 || request.n == 0) return;

  const bool small = request.n_queries * request.n * whole_lines(request.dim) < kSmallWork;
  const std::size_t threads = small ? 1 : static_cast<std::size_t>(std::max(1, request.threads));
  const Plan plan = request.same.of_queries == nullptr ? plan_all(request, threads)
                                                       : plan_by_label(request, threads);
  const Kernels& set = kernels();
  std::vector<std::vector<Found>> parts(plan.slices > 1 ? plan.slices * request.n_queries : 0);
  const auto run = [&](const Task& task, const StopFlag& stop, Workspace& work) {
    if (!search(request, plan, task, set, stop, work)) return;
    for (std::size_t q = task.first; q < task.last; ++q) {
      const std::size_t query = plan.order[q];
      std::vector<Found>& found = work.best[q - task.first].found();
      if (plan.slices > 1) {
        parts[query * plan.slices + task.slice] = found;
      } else {
        write_row(request, set, query, found, positions, scores);
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
  std::vector<Found> all;
  for (std::size_t q = 0; q < request.n_queries; ++q) {
    all.clear();
    for (std::size_t s = 0; s < plan.slices; ++s) {
      const std::vector<Found>& part = parts[q * plan.slices + s];
      all.insert(all.end(), part.begin(), part.end());
    }
    write_row(request, set, q, all, positions, scores);
  }
}

}  // namespace likewise
