#include "core/top_k.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <exception>
#include <limits>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>

namespace likewise {
namespace {

// Queries that share one pass over the panels: at dim 100 they and a panel stay in first-level
// cache.
constexpr std::size_t kQueryBlock = 32;
constexpr std::size_t kQueryGroup = 4;
constexpr std::size_t kHalfPanel = kPanelWidth / 2;
// Multiplications below which starting threads costs more than it saves (about a millisecond).
constexpr std::size_t kSmallWork = std::size_t{1} << 23;
constexpr auto kPollEvery = std::chrono::milliseconds(50);

struct Found {
  float score;
  ItemId position;
};

bool better(const Found& a, const Found& b) {
  return a.score > b.score || (a.score == b.score && a.position < b.position);
}

/// scores[q][c] = inner product of query q and candidate c of one panel.
template <std::size_t kQueries>
void score_panel(const float* queries, std::size_t stride, const float* panel, std::size_t dim,
                 float (*scores)[kPanelWidth]) {
  for (std::size_t half = 0; half < kPanelWidth; half += kHalfPanel) {
    float sums[kQueries][kHalfPanel] = {};
    const float* column = panel + half;
    for (std::size_t d = 0; d < dim; ++d, column += kPanelWidth) {
      for (std::size_t q = 0; q < kQueries; ++q) {
        const float value = queries[q * stride + d];
        for (std::size_t c = 0; c < kHalfPanel; ++c) sums[q][c] += value * column[c];
      }
    }
    for (std::size_t q = 0; q < kQueries; ++q) {
      std::copy_n(sums[q], kHalfPanel, scores[q] + half);
    }
  }
}

/// The best k seen so far of one query: a heap with the worst of them on top.
class Best {
 public:
  void reset(std::size_t k) {
    k_ = k;
    heap_.clear();
    bar_ = -std::numeric_limits<float>::infinity();
  }

  /// Candidates must come in ascending position: then an equal score never displaces an earlier
  /// one.
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

  std::vector<Found>& sorted() {
    std::sort_heap(heap_.begin(), heap_.end(), better);
    return heap_;
  }

 private:
  std::size_t k_ = 0;
  std::vector<Found> heap_;
  float bar_ = 0.0F;
};

/// Some queries against some panels; one thread works on it.
struct Task {
  std::size_t first_query, last_query, first_panel, last_panel;
};

struct Workspace {
  std::vector<Best> best = std::vector<Best>(kQueryBlock);
  float scores[kQueryGroup][kPanelWidth];
};

bool panel_has_allowed(const std::uint8_t* allowed, std::size_t first, std::size_t last) {
  return allowed == nullptr ||
         std::any_of(allowed + first, allowed + last, [](std::uint8_t a) { return a != 0; });
}

void search_task(const TopKRequest& request, const Task& task, const std::atomic<bool>& stop,
                 Workspace& work) {
  for (std::size_t q = task.first_query; q < task.last_query; ++q) {
    work.best[q - task.first_query].reset(std::min(request.k, request.candidates));
  }
  const std::size_t panel_floats = request.dim * kPanelWidth;
  for (std::size_t p = task.first_panel; p < task.last_panel; ++p) {
    if ((p & 255U) == 0 && stop.load(std::memory_order_relaxed)) return;
    const std::size_t first = p * kPanelWidth;
    const std::size_t last = std::min(first + kPanelWidth, request.candidates);
    if (!panel_has_allowed(request.allowed, first, last)) continue;
    const float* panel = request.panels + p * panel_floats;
    for (std::size_t group = task.first_query; group < task.last_query; group += kQueryGroup) {
      const float* queries = request.queries + group * request.query_stride;
      const std::size_t in_group = std::min(kQueryGroup, task.last_query - group);
      if (in_group == kQueryGroup) {
        score_panel<kQueryGroup>(queries, request.query_stride, panel, request.dim, work.scores);
      } else {
        for (std::size_t q = 0; q < in_group; ++q) {
          score_panel<1>(queries + q * request.query_stride, 0, panel, request.dim,
                         work.scores + q);
        }
      }
      for (std::size_t q = 0; q < in_group; ++q) {
        Best& best = work.best[group + q - task.first_query];
        const ItemId excluded = request.exclude == nullptr ? -1 : request.exclude[group + q];
        for (std::size_t c = first; c < last; ++c) {
          const float score = work.scores[q][c - first];
          if (!best.wants(score)) continue;
          if (request.allowed != nullptr && request.allowed[c] == 0) continue;
          if (static_cast<ItemId>(c) == excluded) continue;
          best.add(score, static_cast<ItemId>(c));
        }
      }
    }
  }
}

/// Fills one query's row of the answer from its sorted findings.
void write_row(const std::vector<Found>& found, std::size_t k, ItemId* positions, float* scores) {
  const std::size_t count = std::min(found.size(), k);
  for (std::size_t i = 0; i < count; ++i) {
    positions[i] = found[i].position;
    scores[i] = found[i].score;
  }
  std::fill(positions + count, positions + k, ItemId{-1});
  std::fill(scores + count, scores + k, -std::numeric_limits<float>::infinity());
}

/// Runs work(task) for every task on `threads` threads while this one polls; the first error wins.
void run_tasks(std::size_t tasks, std::size_t threads, std::atomic<bool>& stop,
               const std::function<void(std::size_t, Workspace&)>& work,
               const std::function<void()>& poll) {
  std::atomic<std::size_t> next{0};
  std::mutex mutex;
  std::condition_variable finished;
  std::size_t running = threads;
  std::exception_ptr error;

  const auto keep_first = [&](std::exception_ptr caught) {
    const std::lock_guard lock(mutex);
    if (!error) error = std::move(caught);
    stop.store(true, std::memory_order_relaxed);
  };
  const auto worker = [&] {
    try {
      Workspace workspace;
      for (std::size_t t;
           !stop.load(std::memory_order_relaxed) && (t = next.fetch_add(1)) < tasks;) {
        work(t, workspace);
      }
    } catch (...) {
      keep_first(std::current_exception());
    }
    const std::lock_guard lock(mutex);
    --running;
    finished.notify_one();
  };

  std::vector<std::thread> pool;
  pool.reserve(threads);
  try {
    for (std::size_t i = 0; i < threads; ++i) pool.emplace_back(worker);
  } catch (...) {
    keep_first(std::current_exception());
    const std::lock_guard lock(mutex);
    running -= threads - pool.size();
  }
  for (std::unique_lock lock(mutex); running > 0;) {
    if (finished.wait_for(lock, kPollEvery, [&] { return running == 0; })) break;
    lock.unlock();
    try {
      poll();
    } catch (...) {
      keep_first(std::current_exception());
    }
    lock.lock();
  }
  for (std::thread& thread : pool) thread.join();
  if (error) std::rethrow_exception(error);
}

}  // namespace

Panels pack_unit_panels(const float* vectors, std::size_t rows, std::size_t dim,
                        std::size_t stride) {
  Panels packed;
  packed.values.assign(panel_count(rows) * dim * kPanelWidth, 0.0F);
  packed.usable.assign(rows, 0);
  for (std::size_t row = 0; row < rows; ++row) {
    const float* vector = vectors + row * stride;
    double squares = 0.0;
    for (std::size_t d = 0; d < dim; ++d) {
      squares += static_cast<double>(vector[d]) * static_cast<double>(vector[d]);
    }
    if (!std::isfinite(squares)) {
      throw std::invalid_argument("vectors must be finite, row " + std::to_string(row) + " is not");
    }
    if (squares == 0.0) continue;
    packed.usable[row] = 1;
    const double scale = 1.0 / std::sqrt(squares);
    float* column =
        packed.values.data() + row / kPanelWidth * dim * kPanelWidth + row % kPanelWidth;
    for (std::size_t d = 0; d < dim; ++d) {
      column[d * kPanelWidth] = static_cast<float>(static_cast<double>(vector[d]) * scale);
    }
  }
  return packed;
}

void top_k(const TopKRequest& request, ItemId* positions, float* scores,
           const std::function<void()>& poll) {
  if (request.k == 0) throw std::invalid_argument("k must be at least 1, got 0");
  if (request.candidates > static_cast<std::size_t>(std::numeric_limits<ItemId>::max())) {
    throw std::invalid_argument("candidates must be at most 2147483647, got " +
                                std::to_string(request.candidates));
  }
  if (request.query_count == 0) return;

  const std::size_t panels = panel_count(request.candidates);
  const std::size_t multiplications =
      request.query_count * panels * kPanelWidth * std::max<std::size_t>(request.dim, 1);
  std::size_t threads = request.threads;
  if (threads == 0) threads = std::max(1U, std::thread::hardware_concurrency());
  if (multiplications < kSmallWork) threads = 1;

  // Few queries are shared out by candidates instead, and the parts merged at the end.
  const std::size_t blocks = (request.query_count + kQueryBlock - 1) / kQueryBlock;
  std::size_t slices = 1;
  if (threads > 1 && blocks < threads) slices = (threads + blocks - 1) / blocks;
  slices = std::max<std::size_t>(1, std::min(slices, panels));

  const auto task_of = [&](std::size_t t) {
    const std::size_t block = t / slices;
    const std::size_t slice = t % slices;
    return Task{block * kQueryBlock, std::min((block + 1) * kQueryBlock, request.query_count),
                panels * slice / slices, panels * (slice + 1) / slices};
  };
  std::vector<std::vector<Found>> parts(slices > 1 ? slices * request.query_count : 0);
  std::atomic<bool> stop{false};
  const auto work = [&](std::size_t t, Workspace& workspace) {
    const Task task = task_of(t);
    search_task(request, task, stop, workspace);
    for (std::size_t q = task.first_query; q < task.last_query; ++q) {
      std::vector<Found>& found = workspace.best[q - task.first_query].sorted();
      if (slices > 1) {
        parts[q * slices + t % slices] = found;
      } else {
        write_row(found, request.k, positions + q * request.k, scores + q * request.k);
      }
    }
  };

  if (multiplications < kSmallWork) {
    Workspace workspace;
    for (std::size_t t = 0; t < blocks * slices; ++t) work(t, workspace);
  } else {
    run_tasks(blocks * slices, std::min(threads, blocks * slices), stop, work, poll);
  }
  if (slices == 1) return;
  for (std::size_t q = 0; q < request.query_count; ++q) {
    std::vector<Found> all;
    for (std::size_t s = 0; s < slices; ++s) {
      const std::vector<Found>& part = parts[q * slices + s];
      all.insert(all.end(), part.begin(), part.end());
    }
    std::sort(all.begin(), all.end(), better);
    write_row(all, request.k, positions + q * request.k, scores + q * request.k);
  }
}

}  // namespace likewise
