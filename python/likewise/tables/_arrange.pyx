# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False
"""Events to sessions: the passes over flat arrays that group, order, cut, thin and count them.

Owns loops alone, each of them one pass that releases the GIL. What is counted and why is decided
in `sessions`.
"""

import numpy as np

from libc.stdint cimport int32_t, int64_t, uint8_t, uint64_t
from libc.string cimport memcmp, memcpy
from libcpp.algorithm cimport sort
from libcpp.pair cimport pair
from libcpp.vector cimport vector

ctypedef fused stamp:
    int64_t
    double


def texts_increase(const int64_t[::1] offsets not None, const uint8_t[::1] data not None,
                   const int64_t[::1] order not None):
    """Tell whether the texts, visited in `order`, strictly increase byte by byte."""
    cdef int64_t i, a, b, length_a, length_b
    cdef int compared
    cdef bint increases = True
    with nogil:
        for i in range(1, order.shape[0]):
            a = order[i - 1]
            b = order[i]
            length_a = offsets[a + 1] - offsets[a]
            length_b = offsets[b + 1] - offsets[b]
            compared = memcmp(&data[0] + offsets[a], &data[0] + offsets[b],
                              <size_t>min(length_a, length_b))
            if compared > 0 or (compared == 0 and length_a >= length_b):
                increases = False
                break
    return increases


def group_runs(const int32_t[::1] items not None, const int64_t[::1] times not None,
               const int64_t[::1] ranks not None, const int64_t[::1] starts not None,
               int64_t n_ranks):
    """Bring runs of events together by rank; a stable counting sort.

    Parameters
    ----------
    items : int32 (n_events,)
    times : int64 (n_events,) or (0,)
        Moved along with the items; empty when events have no time.
    ranks : int64 (n_runs,)
        Rank in [0, n_ranks) of the session of each run.
    starts : int64 (n_runs + 1,)
        First event of each run, and the end.

    Returns
    -------
    items, times : as given, in order
    offsets : int64 (n_sessions + 1,)
        Ranks without an event have no session.
    """
    cdef int64_t n_runs = ranks.shape[0]
    cdef int64_t i, start, length, to, total = 0, sessions = 0
    cdef bint timed = times.shape[0] > 0
    next_of = np.zeros(n_ranks, dtype=np.int64)
    cdef int64_t[::1] place = next_of
    new_items = np.empty(items.shape[0], dtype=np.int32)
    new_times = np.empty(times.shape[0], dtype=np.int64)
    cdef int32_t[::1] to_items = new_items
    cdef int64_t[::1] to_times = new_times
    with nogil:
        for i in range(n_runs):
            place[ranks[i]] += starts[i + 1] - starts[i]
        for i in range(n_ranks):
            if place[i]:
                sessions += 1
    offsets = np.empty(sessions + 1, dtype=np.int64)
    cdef int64_t[::1] to_offsets = offsets
    with nogil:
        sessions = 0
        for i in range(n_ranks):
            length = place[i]
            place[i] = total
            if length:
                to_offsets[sessions] = total
                sessions += 1
            total += length
        to_offsets[sessions] = total
        for i in range(n_runs):
            start = starts[i]
            length = starts[i + 1] - start
            if length == 0:
                continue
            to = place[ranks[i]]
            place[ranks[i]] = to + length
            memcpy(&to_items[to], &items[start], <size_t>length * sizeof(int32_t))
            if timed:
                memcpy(&to_times[to], &times[start], <size_t>length * sizeof(int64_t))
    return new_items, new_times, offsets


cdef inline int64_t sort_key(stamp time) noexcept nogil:
    """Return an integer that orders as `time` does; NaN never comes here."""
    cdef int64_t bits
    if stamp is double:
        time = time + 0.0  # -0.0 and 0.0 are one time
        memcpy(&bits, &time, 8)
        return bits ^ ((bits >> 63) & <int64_t>0x7FFFFFFFFFFFFFFF)
    else:
        return time


def sort_by_time(int32_t[::1] items not None, stamp[::1] times not None,
                 const int64_t[::1] offsets not None):
    """Order each session by time, in place; equal times keep their order.

    A session that is in order already is only looked at. Returns how many were not.
    """
    cdef int64_t session, i, start, end, changed = 0
    cdef vector[pair[int64_t, int64_t]] keys
    cdef vector[int32_t] old_items
    cdef vector[int64_t] old_times
    cdef pair[int64_t, int64_t] key
    with nogil:
        for session in range(offsets.shape[0] - 1):
            start = offsets[session]
            end = offsets[session + 1]
            i = start + 1
            while i < end and times[i - 1] <= times[i]:
                i += 1
            if i >= end:
                continue
            changed += 1
            keys.resize(end - start)
            old_items.resize(end - start)
            old_times.resize(end - start)
            for i in range(end - start):
                key.first = sort_key(times[start + i])
                key.second = i
                keys[i] = key
            memcpy(old_items.data(), &items[start], <size_t>(end - start) * sizeof(int32_t))
            memcpy(old_times.data(), &times[start], <size_t>(end - start) * sizeof(int64_t))
            sort(keys.begin(), keys.end())  # the place in the pair makes it stable
            for i in range(end - start):
                items[start + i] = old_items[keys[i].second]
                memcpy(&times[start + i], &old_times[keys[i].second], sizeof(int64_t))
    return changed


cdef inline bint far_apart(stamp before, stamp after, stamp gap) noexcept nogil:
    if stamp is double:
        return after - before > gap
    else:
        # Unsigned: the step between two int64 may not fit in one.
        return <uint64_t>after - <uint64_t>before > <uint64_t>gap


def cut_at_gaps(const stamp[::1] times not None, const int64_t[::1] offsets not None, stamp gap):
    """Return offsets with a cut wherever two neighbours are more than `gap` >= 0 apart.

    For int64 times the bits of `gap` are read as unsigned: steps are as long as 2^64 - 1.
    """
    cdef int64_t session, i, cuts = 0, at = 0
    with nogil:
        for session in range(offsets.shape[0] - 1):
            for i in range(offsets[session] + 1, offsets[session + 1]):
                cuts += far_apart(times[i - 1], times[i], gap)
    cut = np.empty(offsets.shape[0] + cuts, dtype=np.int64)
    cdef int64_t[::1] out = cut
    with nogil:
        for session in range(offsets.shape[0] - 1):
            out[at] = offsets[session]
            at += 1
            for i in range(offsets[session] + 1, offsets[session + 1]):
                if far_apart(times[i - 1], times[i], gap):
                    out[at] = i
                    at += 1
        out[at] = offsets[offsets.shape[0] - 1]
    return cut


def all_tied(const stamp[::1] times not None, const int64_t[::1] offsets not None):
    """Tell whether the events of each session have one time; false where none has two events."""
    cdef int64_t session, i, pairs = 0
    with nogil:
        for session in range(offsets.shape[0] - 1):
            for i in range(offsets[session] + 1, offsets[session + 1]):
                if times[i - 1] != times[i]:
                    with gil:
                        return False
                pairs += 1
    return pairs > 0


def thin_out(int32_t[::1] items not None, int64_t[::1] offsets not None,
             const uint8_t[::1] drop, bint collapse):
    """Drop items and collapse immediate repeats in place; sessions stay, even if empty.

    Parameters
    ----------
    items : int32 (n_events,)
    offsets : int64 (n_sessions + 1,)
    drop : uint8 (n_items,) or None
        Items whose events go.
    collapse : bool
        Keep one event of each run of the same item.

    Returns
    -------
    dropped, collapsed : int
        Events gone for each reason; ``offsets[-1]`` is how many are left.
    """
    cdef int64_t session, i, start, end, at = 0, first, dropped = 0, collapsed = 0
    cdef bint dropping = drop is not None
    cdef int32_t item
    with nogil:
        end = offsets[0]
        for session in range(offsets.shape[0] - 1):
            start = end
            end = offsets[session + 1]
            first = at
            for i in range(start, end):
                item = items[i]
                if dropping and drop[item]:
                    dropped += 1
                elif collapse and at > first and items[at - 1] == item:
                    collapsed += 1
                else:
                    items[at] = item
                    at += 1
            offsets[session] = first
        offsets[offsets.shape[0] - 1] = at
    return dropped, collapsed


def count_items(const int32_t[::1] items not None, int64_t n_items):
    """Return how often each item in [0, n_items) occurs, int64 (n_items,); all must be in there."""
    counts = np.zeros(n_items, dtype=np.int64)
    cdef int64_t[::1] out = counts
    cdef int64_t i
    with nogil:
        for i in range(items.shape[0]):
            out[items[i]] += 1
    return counts


def drop_short(int32_t[::1] items not None, int64_t[::1] offsets not None, int64_t min_length):
    """Drop sessions shorter than `min_length` in place.

    Returns
    -------
    kept, dropped_events : int
        Sessions left, so that ``offsets[:kept + 1]`` is valid, and events gone.
    """
    cdef int64_t session, i, start, end, at = 0, kept = 0, dropped = 0
    with nogil:
        end = offsets[0]
        for session in range(offsets.shape[0] - 1):
            start = end
            end = offsets[session + 1]
            if end - start < min_length:
                dropped += end - start
                continue
            if at != start:
                for i in range(end - start):
                    items[at + i] = items[start + i]
            offsets[kept] = at
            at += end - start
            kept += 1
        offsets[kept] = at
    return kept, dropped
