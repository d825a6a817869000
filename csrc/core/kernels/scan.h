// scan.h: the innermost loop of exact search, once per instruction set.
//
// A tile is kScanQueries queries against kScanCandidates candidates, both laid out dimension by
// dimension, so that scores grow in registers and nothing is summed across them. Only scores above
// a query's bar leave the registers.
#pragma once

#include <cstddef>
#include <cstdint>

namespace likewise {

inline constexpr std::size_t kScanQueries = 12;
inline constexpr std::size_t kScanCandidates = 32;

/// queries (dim, kScanQueries) and candidates (dim, kScanCandidates, 64-byte aligned): value d of
/// query q is queries[d * kScanQueries + q]. The first `count` queries are scored (more may be).
/// over[q] gets a bit for every candidate that scores above bars[q]; where it is not 0 the scores
/// of q are in out[q * kScanCandidates ...], elsewhere they may not be.
using Scan = void (*)(const float* queries, std::size_t count, const float* candidates,
                      std::size_t dim, const float* bars, float* out, std::uint32_t* over);

/// The loop that belongs to the kernel set in use; throws as kernels() does.
Scan scan_kernel();

}  // namespace likewise
