// pair_counts.cpp: events sorted by item, some items at a time; then each item by itself.
#include "core/score/pair_counts.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>

#include "core/base/page_allocator.h"
#include "core/score/gathering.h"

namespace likewise {
namespace {

constexpr std::size_t kMostEvents = std::size_t{1} << 23;  // held at a time
constexpr std::int64_t kGrain = 32;                        // items that a thread takes at once
constexpr std::size_t kAhead = 16;                         // events that are fetched ahead
constexpr std::uint32_t kNear = 8;                         // and what stands so near on both sides

void prefetch(const void* place) {
#if defined(__GNUC__) || defined(__clang__)
  __builtin_prefetch(place);
#else
  (void)place;
#endif
}

/// Where an item was seen.
struct Seen {
  Offset begin;                 // where its session begins
  std::uint32_t length, place;  // of the session, and in it
};

struct Pair {
  float weight;
  ItemId item;
  std::uint32_t times;
};

/// Where the pairs of a row stand.
struct Place {
  const std::vector<Pair>* pairs;
  std::size_t begin, size;
};

constexpr std::uint32_t kLevelBits = 12;  // sign and exponent, and three bits more

/// What one thread needs, and the pairs it has found.
struct Workspace {
  Gathering gathered;
  std::vector<Pair> pairs, found;
  std::array<std::uint32_t, std::size_t{1} << kLevelBits> levels{};  // all 0 between two items
};

bool before(const Pair& a, const Pair& b) {
  return a.weight > b.weight || (a.weight == b.weight && a.item < b.item);
}

void check(const Sequences& sessions, std::size_t n_items, std::span<const ItemId> rows,
           const PairOptions& options) {
  const auto& [items, offsets] = sessions;
  if (offsets.empty() || offsets.front() != 0 ||
      offsets.back() != static_cast<Offset>(items.size()) ||
      !std::is_sorted(offsets.begin(), offsets.end())) {
    throw std::invalid_argument("offsets must rise from 0 to the number of items in the sessions");
  }
  for (std::size_t n = 1; n < offsets.size(); ++n) {
    if (offsets[n] - offsets[n - 1] > std::numeric_limits<std::int32_t>::max()) {
      throw std::invalid_argument("sessions must have fewer than 2^31 events");
    }
  }
  for (const ItemId item : items) {
    if (item < 0 || static_cast<std::size_t>(item) >= n_items) {
      throw std::invalid_argument("items must be below " + std::to_string(n_items));
    }
  }
  for (std::size_t r = 0; r < rows.size(); ++r) {
    if (rows[r] < 0 || static_cast<std::size_t>(rows[r]) >= n_items ||
        (r > 0 && rows[r] <= rows[r - 1])) {
      throw std::invalid_argument("rows must ascend within the items");
    }
  }
  if (options.most == 0 || options.occurrences == 0) {
    throw std::invalid_argument("most and occurrences must be at least 1");
  }
}

/// An item's events as they are met in order, of which `most` at most are looked at, evenly spaced.
struct Next {
  std::size_t place;  // where the next one is put
  std::size_t rest;   // of what has been met, what is not looked at yet, times `most`

  bool looked_at(std::size_t count, std::size_t most) {
    if (count <= most) return true;
    rest += most;
    if (rest < count) return false;
    rest -= count;
    return true;
  }
};

class Counter {
 public:
  Counter(const Sequences& sessions, std::size_t n_items, std::span<const ItemId> rows,
          const PairOptions& options)
      : sessions_(sessions), options_(options), slots_(n_items, -1), counts_(n_items, 0) {
    for (const ItemId item : sessions.items) ++counts_[static_cast<std::size_t>(item)];
    rows_.assign(rows.begin(), rows.end());
    if (rows_.empty()) {
      for (std::size_t i = 0; i < n_items; ++i) rows_.push_back(static_cast<ItemId>(i));
    }
    double longest = 1.0;
    for (std::size_t s = 0; s + 1 < sessions.offsets.size(); ++s) {
      longest =
          std::max(longest, static_cast<double>(sessions.offsets[s + 1] - sessions.offsets[s]));
    }
    by_length_.resize(std::min<std::size_t>(static_cast<std::size_t>(longest) + 1, 4096));
    for (std::size_t n = 1; n < by_length_.size(); ++n) by_length_[n] = weight_of(n);
    for (std::size_t d = 1; d <= options.window && static_cast<double>(d) < longest; ++d) {
      const double share = options.decay ? 1.0 / static_cast<double>(d) : 1.0;
      ahead_.push_back(static_cast<float>(share));
      behind_.push_back(static_cast<float>(share * options.backwards));
    }
  }

  PairCounts count(const Poll& poll) {
    PairCounts found;
    found.offsets.push_back(0);
    const auto threads = static_cast<std::size_t>(std::max(1, options_.threads));
    std::vector<Workspace> work(threads);
    for (std::size_t first = 0; first < rows_.size();) {
      const std::size_t last = sort_events(first, poll);
      places_.resize(last - first);
      parallel_for(
          options_.threads, static_cast<std::int64_t>(last - first), kGrain,
          [&](std::int64_t from, std::int64_t to, int thread) {
            Workspace& mine = work[static_cast<std::size_t>(thread)];
            for (std::int64_t r = from; r < to; ++r) {
              const auto at = static_cast<std::size_t>(r);
              const std::size_t begin = mine.found.size();
              add_pairs_of(rows_[first + at], starts_[at], starts_[at + 1], mine);
              places_[at] = {&mine.found, begin, mine.found.size() - begin};
            }
          },
          poll);
      put_together(found, poll);
      for (Workspace& one : work) one.found.clear();
      first = last;
    }
    return found;
  }

 private:
  std::size_t events_of(std::size_t row) const {
    return std::min(counts_[static_cast<std::size_t>(rows_[row])], options_.occurrences);
  }

  /// Sorts the events of as many rows from `first` on as may be held; returns where they end.
  std::size_t sort_events(std::size_t first, const Poll& poll) {
    starts_.assign(1, 0);
    std::size_t last = first;
    while (last < rows_.size()) {
      const std::size_t end = starts_.back() + events_of(last);
      if (last > first && end > kMostEvents) break;
      starts_.push_back(end);
      ++last;
    }
    seen_.resize(starts_.back());
    std::fill(slots_.begin(), slots_.end(), -1);
    for (std::size_t r = first; r < last; ++r) {
      slots_[static_cast<std::size_t>(rows_[r])] = static_cast<std::int32_t>(r - first);
    }
    const auto workers = std::max<std::int64_t>(1, options_.threads);
    const auto each = (static_cast<std::int64_t>(last - first) + workers - 1) / workers;
    parallel_for(
        options_.threads, static_cast<std::int64_t>(last - first), each,
        [&](std::int64_t from, std::int64_t to, int) { sort_rows(from, to); }, poll);
    return last;
  }

  /// Puts the events of the rows [from, to) of those held where they belong.
  void sort_rows(std::int64_t from, std::int64_t to) {
    std::vector<Next> next;
    for (std::int64_t r = from; r < to; ++r)
      next.push_back({starts_[static_cast<std::size_t>(r)], 0});
    for (std::size_t s = 0; s + 1 < sessions_.offsets.size(); ++s) {
      const auto begin = static_cast<std::size_t>(sessions_.offsets[s]);
      const auto end = static_cast<std::size_t>(sessions_.offsets[s + 1]);
      for (std::size_t e = begin; e < end; ++e) {
        const auto item = static_cast<std::size_t>(sessions_.items[e]);
        const std::int32_t slot = slots_[item];
        if (slot < from || slot >= to) continue;
        Next& at = next[static_cast<std::size_t>(slot - from)];
        if (at.looked_at(counts_[item], options_.occurrences)) {
          seen_[at.place++] = {sessions_.offsets[s], static_cast<std::uint32_t>(end - begin),
                               static_cast<std::uint32_t>(e - begin)};
        }
      }
    }
  }

  float weight_of(std::size_t length) const {
    return static_cast<float>(std::pow(static_cast<double>(length), -options_.length_power));
  }

  /// Fetches what the k-th event of those held needs, a while before it is met.
  void fetch(std::size_t k) const {
    if (k + kAhead >= seen_.size()) return;
    const Seen& next = seen_[k + kAhead];
    const ItemId* session = sessions_.items.data() + next.begin;
    prefetch(session + next.place - std::min(next.place, kNear));
    prefetch(session + std::min(next.length - 1, next.place + kNear));
  }

  float share_of(std::size_t length) const {
    return length < by_length_.size() ? by_length_[length] : weight_of(length);
  }

  /// The most others that an item can meet in its events [first, last) of those held.
  std::size_t most_met(std::size_t first, std::size_t last) const {
    std::size_t most = 0;
    for (std::size_t k = first; k < last && most < counts_.size(); ++k) {
      const auto [begin, length, place] = seen_[k];
      most += options_.window == 0 ? length - 1
                                   : std::min<std::size_t>(ahead_.size(), length - 1 - place) +
                                         std::min<std::size_t>(behind_.size(), place);
    }
    return std::min(most, counts_.size());
  }

  /// Gathers what stood with an item in those events.
  void gather(ItemId item, std::size_t first, std::size_t last, Gathering& out) const {
    const auto give = [&](ItemId other, float weight) {
      if (other == item) return;
      Gathered& sum = out.of(other);
      sum.sum += weight;
      ++sum.times;
    };
    for (std::size_t k = first; k < last; ++k) {
      fetch(k);
      const auto [begin, length, place] = seen_[k];
      const ItemId* events = sessions_.items.data() + begin;
      const float weight = share_of(length);
      const auto ahead = std::min<std::size_t>(ahead_.size(), length - 1 - place);
      for (std::size_t d = 1; d <= ahead; ++d) give(events[place + d], weight * ahead_[d - 1]);
      if (options_.backwards <= 0.0) continue;
      const auto behind = std::min<std::size_t>(behind_.size(), place);
      for (std::size_t d = 1; d <= behind; ++d) give(events[place - d], weight * behind_[d - 1]);
    }
  }

  /// The same of sessions as sets.
  void gather_sets(ItemId item, std::size_t first, std::size_t last, Gathering& out) const {
    for (std::size_t k = first; k < last; ++k) {
      fetch(k);
      const Seen& seen = seen_[k];
      if (k > first && seen_[k - 1].begin == seen.begin) continue;
      const ItemId* events = sessions_.items.data() + seen.begin;
      const float weight = share_of(seen.length);
      const auto set = static_cast<std::uint32_t>(k - first + 1);
      for (std::size_t e = 0; e < seen.length; ++e) {
        if (events[e] == item) continue;
        Gathered& sum = out.of(events[e]);
        if (sum.last_set == set) continue;
        sum.last_set = set;
        sum.sum += weight;
        ++sum.times;
      }
    }
  }

  /// Leaves the pairs that may be among the best, by the leading bits of what they weigh: a look
  /// at each instead of putting all in order.
  void take_best(Workspace& work) const {
    const std::span<const Gathered> all = work.gathered.all();
    float bar = 0.0F;
    if (all.size() > 2 * options_.most) {
      const auto level_of = [](const Gathered& one) {
        return std::bit_cast<std::uint32_t>(one.sum) >> (32 - kLevelBits);
      };
      std::uint32_t top = 0;
      for (const Gathered& one : all) {
        const std::uint32_t level = level_of(one);
        ++work.levels[level];
        top = std::max(top, level);
      }
      std::uint32_t least = top;
      std::size_t above = work.levels[top];
      while (above < options_.most) above += work.levels[--least];
      bar = std::bit_cast<float>(least << (32 - kLevelBits));
      for (const Gathered& one : all) work.levels[level_of(one)] = 0;
    }
    work.pairs.clear();
    for (const Gathered& one : all) {
      if (one.sum >= bar) work.pairs.push_back({one.sum, one.item, one.times});
    }
  }

  void add_pairs_of(ItemId item, std::size_t first, std::size_t last, Workspace& work) const {
    work.gathered.reset(most_met(first, last));
    if (options_.window == 0) {
      gather_sets(item, first, last, work.gathered);
    } else {
      gather(item, first, last, work.gathered);
    }
    take_best(work);
    std::vector<Pair>& pairs = work.pairs;
    if (pairs.size() > options_.most) {
      const auto end = pairs.begin() + static_cast<std::ptrdiff_t>(options_.most);
      std::nth_element(pairs.begin(), end, pairs.end(), before);
      pairs.resize(options_.most);
    }
    std::sort(pairs.begin(), pairs.end(), before);
    work.found.insert(work.found.end(), pairs.begin(), pairs.end());
  }

  /// Adds the pairs of the rows at hand to those of the rows before them.
  void put_together(PairCounts& found, const Poll& poll) const {
    const std::size_t rows = found.offsets.size() - 1;
    for (const Place& place : places_) {
      found.offsets.push_back(found.offsets.back() + static_cast<Offset>(place.size));
    }
    const auto size = static_cast<std::size_t>(found.offsets.back());
    found.items.resize(size);
    found.weights.resize(size);
    found.times.resize(size);
    parallel_for(
        options_.threads, static_cast<std::int64_t>(places_.size()), kGrain,
        [&](std::int64_t from, std::int64_t to, int) {
          for (std::int64_t r = from; r < to; ++r) {
            const Place& place = places_[static_cast<std::size_t>(r)];
            auto at = static_cast<std::size_t>(found.offsets[rows + static_cast<std::size_t>(r)]);
            for (std::size_t n = place.begin; n < place.begin + place.size; ++n, ++at) {
              const Pair& pair = (*place.pairs)[n];
              found.items[at] = pair.item;
              found.weights[at] = pair.weight;
              found.times[at] = static_cast<std::int32_t>(pair.times);
            }
          }
        },
        poll);
  }

  const Sequences& sessions_;
  const PairOptions& options_;
  std::vector<ItemId> rows_;
  std::vector<std::int32_t> slots_;    // of each item among the rows at hand, -1 for others
  std::vector<std::size_t> counts_;    // events of each item
  std::vector<float> by_length_;       // what a session of so many events weighs
  std::vector<float> ahead_, behind_;  // what a distance weighs, from 1 on
  std::vector<std::size_t> starts_;
  std::vector<Place> places_;
  std::vector<Seen, PageAllocator<Seen>> seen_;
};

}  // namespace

PairCounts count_pairs(const Sequences& sessions, std::size_t n_items, std::span<const ItemId> rows,
                       const PairOptions& options, const Poll& poll) {
  check(sessions, n_items, rows, options);
  return Counter(sessions, n_items, rows, options).count(poll);
}

}  // namespace likewise
