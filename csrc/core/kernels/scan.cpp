// scan.cpp: chooses the scan that belongs to the kernel set in use.
#include "core/kernels/scan.h"

#include <cstring>

#include "core/kernels/kernels.h"

namespace likewise {

Scan scalar_scan();
#if defined(__x86_64__)
Scan avx2_scan();
Scan avx512_scan();
#elif defined(__aarch64__)
Scan neon_scan();
#endif

Scan scan_kernel() {
  const char* name = kernels().name;
#if defined(__x86_64__)
  if (std::strncmp(name, "avx512", 6) == 0) return avx512_scan();
  if (std::strcmp(name, "avx2") == 0) return avx2_scan();
#elif defined(__aarch64__)
  if (std::strcmp(name, "neon") == 0) return neon_scan();
#else
  static_cast<void>(name);
#endif
  return scalar_scan();
}

}  // namespace likewise
