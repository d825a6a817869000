// scan_scalar.cpp: the definition of a scan; every other must agree within rounding.
#include "core/kernels/scan.h"

namespace likewise {
namespace {

void scan(const float* queries, std::size_t count, const float* candidates, std::size_t dim,
          const float* bars, float* out, std::uint32_t* over) {
  for (std::size_t q = 0; q < kScanQueries; ++q) over[q] = 0;
  for (std::size_t q = 0; q < count; ++q) {
    float* sums = out + q * kScanCandidates;
    for (std::size_t c = 0; c < kScanCandidates; ++c) sums[c] = 0.0F;
    for (std::size_t d = 0; d < dim; ++d) {
      const float left = queries[d * kScanQueries + q];
      const float* right = candidates + d * kScanCandidates;
      for (std::size_t c = 0; c < kScanCandidates; ++c) sums[c] += left * right[c];
    }
    for (std::size_t c = 0; c < kScanCandidates; ++c) {
      if (sums[c] > bars[q]) over[q] |= std::uint32_t{1} << c;
    }
  }
}

}  // namespace

Scan scalar_scan();
Scan scalar_scan() {
  return scan;
}

}  // namespace likewise
