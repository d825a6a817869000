// kernels.cpp: finds out what the processor can do and chooses a kernel set.
#include "core/kernels/kernels.h"

#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>

namespace likewise {

const std::vector<const Kernels*>& supported_kernels() {
  static const std::vector<const Kernels*> supported = [] {
    std::vector<const Kernels*> found;
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw")) {
      if (__builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512vnni")) {
        found.push_back(&avx512bf16_kernels());
      }
      found.push_back(&avx512_kernels());
    }
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
      found.push_back(&avx2_kernels());
    }
#elif defined(__aarch64__)
    found.push_back(&neon_kernels());
#endif
    found.push_back(&scalar_kernels());
    return found;
  }();
  return supported;
}

const Kernels& kernels() {
  const char* forced = std::getenv("LIKEWISE_KERNELS");
  if (forced == nullptr || *forced == '\0') return *supported_kernels().front();
  std::string names;
  for (const Kernels* set : supported_kernels()) {
    if (std::strcmp(set->name, forced) == 0) return *set;
    names += std::string(names.empty() ? "" : ", ") + set->name;
  }
  throw std::invalid_argument("LIKEWISE_KERNELS must be one of " + names +
                              " on this machine, got " + forced);
}

}  // namespace likewise
