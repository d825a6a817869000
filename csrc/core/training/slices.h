// slices.h: the sessions cut into pieces of work of about equal numbers of events.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "core/base/types.h"
#include "core/training/planner.h"

namespace likewise {

/// Pieces of whole sessions; one that is longer than a piece leaves empty ones behind it.
class Slices {
 public:
  Slices(const SessionView& sessions, std::int64_t events_each) : sessions_(sessions) {
    const auto events = static_cast<std::int64_t>(sessions.items.size());
    count_ = std::max<std::int64_t>(1, (events + events_each - 1) / events_each);
  }
  std::int64_t count() const { return count_; }

  /// First session of slice s: the first that starts at or after the slice's share of the events.
  std::size_t first_session(std::int64_t slice) const {
    if (slice >= count_) return sessions_.size();
    const auto events = static_cast<std::int64_t>(sessions_.items.size());
    const Offset start = events / count_ * slice + std::min(events % count_, slice);
    const auto found =
        std::lower_bound(sessions_.offsets.begin(), sessions_.offsets.end() - 1, start);
    return static_cast<std::size_t>(found - sessions_.offsets.begin());
  }

 private:
  SessionView sessions_;
  std::int64_t count_;
};

}  // namespace likewise
