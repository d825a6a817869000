// top_k.cpp: tasks of some queries against some candidates, each with heaps of its own.
#include "core/top_k.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>

#include "core/kernels.h"
#include "core/workers.h"

namespace likewise {
namespace {

// Queries that share a pass over the candidates: at dim 100 a block of them, a block of candidates
// and their scores fit the first two levels of cache.
constexpr std::size_t kQueryBlock = 32;
// The kernels sum a tile of this many queries in one order and the rest of a block in another.
// Filling blocks up to whole tiles keeps scores equal however queries come together.
constexpr std::size_t kQueryTile = 4;
// Multiplications below which starting threads costs more than it saves.
constexpr std::size_t kSmallWork = std::size_t{1} << 24;
constexpr float kNone = -std::numeric_limits<float>::infinity();

struct Found {
  float score;
  ItemId position;
};

bool better(const Found& a, const Found& b) {
  return a.score > b.score || (a.score == b.score && a.position < b.position);
}

/// The best k seen so far of one query: a heap with the worst of them on top.
class Best {
 public:
  void reset(std::size_t k) {
    k_ = k;
    heap_.clear();
    bar_ = kNone;
  }

  /// Candidates must come by ascending position: an equal score never displaces an earlier one.
  bool wants(float score) const { return score > bar_; }

  void add(float score, ItemId position) {
    if (heap_.size() == k_) {
      std::pop_heap(heap_.begin(), heap_.end(), better);
      heap_.pop_back();
    }
    heap_.push_back({score, position});
    std::push_heap(heap_.begin(), heap_.end(), better);
    if (heap_.size() == k_) bar_ = heap_.front().score;
  }

  const std::vector<Found>& sorted() {
    std::sort_heap(heap_.begin(), heap_.end(), better);
    return heap_;
  }

 private:
  std::size_t k_ = 0;
  std::vector<Found> heap_;
  float bar_ = kNone;
};

/// Some queries against some blocks of candidates.
struct Task {
  std::size_t first_query, last_query, first_block, last_block;
};

/// What one thread needs, and no other touches.
struct Workspace {
  explicit Workspace(std::size_t dim)
      : queries(kQueryBlock, dim), scores(kQueryBlock * kCandidateBlock), best(kQueryBlock) {}

  Table queries;
  std::vector<float> scores;
  std::vector<Best> best;
};

bool any_allowed(const TopKRequest& request, std::size_t first, std::size_t last) {
  return request.allowed == nullptr ||
         std::any_of(request.allowed + first, request.allowed + last,
                     [](std::uint8_t allowed) { return allowed != 0; });
}

void keep_best(const TopKRequest& request, std::size_t query, std::size_t first, std::size_t last,
               const float* scores, Best& best) {
  const ItemId excluded = request.exclude == nullptr ? -1 : request.exclude[query];
  for (std::size_t c = first; c < last; ++c) {
    const float score = scores[c - first];
    if (!best.wants(score)) continue;
    if (request.allowed != nullptr && request.allowed[c] == 0) continue;
    if (static_cast<ItemId>(c) == excluded) continue;
    best.add(score, static_cast<ItemId>(c));
  }
}

/// False when it was stopped on the way.
bool search(const TopKRequest& request, const Task& task, const StopFlag& stop, Workspace& work) {
  const std::size_t count = task.last_query - task.first_query;
  const std::size_t tiled = (count + kQueryTile - 1) / kQueryTile * kQueryTile;
  const std::size_t stride = work.queries.stride();
  for (std::size_t q = 0; q < tiled; ++q) {
    float* row = work.queries.row(q);
    if (q >= count) {
      std::fill_n(row, request.dim, 0.0F);
      continue;
    }
    std::copy_n(request.queries + (task.first_query + q) * request.query_stride, request.dim, row);
    work.best[q].reset(std::min(request.k, request.n));
  }
  const Kernels& kernel = kernels();
  for (std::size_t block = task.first_block; block < task.last_block; ++block) {
    if (stop.requested()) return false;
    const std::size_t first = block * kCandidateBlock;
    const std::size_t last = std::min(first + kCandidateBlock, request.n);
    if (!any_allowed(request, first, last)) continue;
    kernel.scores(work.queries.data(), tiled, request.candidates + first * stride, kCandidateBlock,
                  stride, work.scores.data(), kCandidateBlock);
    for (std::size_t q = 0; q < count; ++q) {
      keep_best(request, task.first_query + q, first, last,
                work.scores.data() + q * kCandidateBlock, work.best[q]);
    }
  }
  return true;
}

/// Fills one query's row of the answer from what was found, best first.
void write_row(const std::vector<Found>& found, std::size_t k, ItemId* positions, float* scores) {
  const std::size_t count = std::min(found.size(), k);
  for (std::size_t i = 0; i < count; ++i) {
    positions[i] = found[i].position;
    scores[i] = found[i].score;
  }
  std::fill(positions + count, positions + k, ItemId{-1});
  std::fill(scores + count, scores + k, kNone);
}

}  // namespace

UnitRows unit_rows(const float* vectors, std::size_t n, std::size_t dim, std::size_t stride) {
  UnitRows units{Table(padded_rows(n), dim), std::vector<std::uint8_t>(n, 0)};
  for (std::size_t row = 0; row < n; ++row) {
    const float* vector = vectors + row * stride;
    double squares = 0.0;
    for (std::size_t d = 0; d < dim; ++d) {
      squares += static_cast<double>(vector[d]) * static_cast<double>(vector[d]);
    }
    if (!std::isfinite(squares)) {
      throw std::invalid_argument("vectors must be finite, row " + std::to_string(row) + " is not");
    }
    if (squares == 0.0) continue;
    units.usable[row] = 1;
    const double scale = 1.0 / std::sqrt(squares);
    float* out = units.table.row(row);
    for (std::size_t d = 0; d < dim; ++d) {
      out[d] = static_cast<float>(static_cast<double>(vector[d]) * scale);
    }
  }
  return units;
}

void top_k(const TopKRequest& request, ItemId* positions, float* scores,
           const std::function<void()>& poll) {
  if (request.k == 0) throw std::invalid_argument("k must be at least 1, got 0");
  if (request.n > static_cast<std::size_t>(std::numeric_limits<ItemId>::max())) {
    throw std::invalid_argument("candidates must be at most 2147483647, got " +
                                std::to_string(request.n));
  }
  if (request.n_queries == 0) return;

  const std::size_t blocks = padded_rows(request.n) / kCandidateBlock;
  const std::size_t query_blocks = (request.n_queries + kQueryBlock - 1) / kQueryBlock;
  const bool small =
      request.n_queries * blocks * kCandidateBlock * padded(request.dim) < kSmallWork;
  const std::size_t threads = small ? 1 : static_cast<std::size_t>(std::max(1, request.threads));

  // Few queries are shared out by candidates instead, and the parts merged at the end.
  std::size_t slices = 1;
  if (query_blocks < threads) slices = (threads + query_blocks - 1) / query_blocks;
  slices = std::max<std::size_t>(1, std::min(slices, blocks));
  const std::size_t tasks = query_blocks * slices;

  std::vector<std::vector<Found>> parts(slices > 1 ? slices * request.n_queries : 0);
  const auto run = [&](std::size_t t, const StopFlag& stop, Workspace& work) {
    const std::size_t first_query = t / slices * kQueryBlock;
    const std::size_t slice = t % slices;
    const Task task{first_query, std::min(first_query + kQueryBlock, request.n_queries),
                    blocks * slice / slices, blocks * (slice + 1) / slices};
    if (!search(request, task, stop, work)) return;
    for (std::size_t q = task.first_query; q < task.last_query; ++q) {
      const std::vector<Found>& found = work.best[q - task.first_query].sorted();
      if (slices > 1) {
        parts[q * slices + slice] = found;
      } else {
        write_row(found, request.k, positions + q * request.k, scores + q * request.k);
      }
    }
  };

  if (small) {
    const StopFlag never;
    Workspace work(request.dim);
    for (std::size_t t = 0; t < tasks; ++t) run(t, never, work);
  } else {
    std::atomic<std::size_t> next{0};
    run_workers(
        static_cast<int>(std::min(threads, tasks)),
        [&](int, const StopFlag& stop) {
          Workspace work(request.dim);
          for (std::size_t t; !stop.requested() && (t = next.fetch_add(1)) < tasks;) {
            run(t, stop, work);
          }
        },
        poll);
  }
  if (slices == 1) return;
  std::vector<Found> all;
  for (std::size_t q = 0; q < request.n_queries; ++q) {
    all.clear();
    for (std::size_t s = 0; s < slices; ++s) {
      const std::vector<Found>& part = parts[q * slices + s];
      all.insert(all.end(), part.begin(), part.end());
    }
    std::sort(all.begin(), all.end(), better);
    write_row(all, request.k, positions + q * request.k, scores + q * request.k);
  }
}

}  // namespace likewise
