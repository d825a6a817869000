// roofline.cpp: what this machine can do. Compiled and run by roofline.py; shares nothing with the
// core.
//
// Rows are 416 bytes (dim 100 padded to half a cache line) unless said otherwise. Every figure is
// the best of a few repetitions, all threads working at once.
//
//   roofline THREADS fma SECONDS              fused multiply-adds a second, operands in registers
//   roofline THREADS packed SECONDS           the same of bfloat16, 0 where there are none
//   roofline THREADS tile SECONDS             the same where a 4 x 4 tile is loaded from L1
//   roofline THREADS stream MEGABYTES         bytes a second, reading in order
//   roofline THREADS rows MEGABYTES BYTES PREFETCH WRITE       random rows a second, evenly drawn
//   roofline THREADS file PATH ROWS BYTES PREFETCH WRITE       rows a second, in the order of a
//   file of int32
#ifdef __AVX512BF16__
#include <immintrin.h>
#endif

#include <sys/mman.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace {

#if defined(__AVX512F__)
constexpr int kWidth = 16;
#define KEEP_IN_REGISTER(vector) "+v"(vector)
#elif defined(__AVX__)
constexpr int kWidth = 8;
#define KEEP_IN_REGISTER(vector) "+x"(vector)
#else
constexpr int kWidth = 4;
#if defined(__aarch64__)
#define KEEP_IN_REGISTER(vector) "+w"(vector)
#else
#define KEEP_IN_REGISTER(vector) "+x"(vector)
#endif
#endif
typedef float Vector __attribute__((vector_size(kWidth * 4)));
// Rows are whole halves of a cache line, and aligned to no more.
typedef float Part __attribute__((vector_size((kWidth < 8 ? kWidth : 8) * 4)));
using Clock = std::chrono::steady_clock;
volatile float sink;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

double on_all(int threads, const std::function<void(int)>& work) {
  std::vector<std::thread> all;
  const auto start = Clock::now();
  for (int t = 0; t < threads; ++t) all.emplace_back(work, t);
  for (std::thread& thread : all) thread.join();
  return seconds_since(start);
}

float sum(Vector v) {
  float total = 0;
  for (int i = 0; i < kWidth; ++i) total += v[i];
  return total;
}

/// Floats multiplied and added: 12 independent chains hide the latency of the unit.
double fma_registers(std::int64_t rounds) {
  Vector by = {}, plus = {};
  by += 0.999999F;
  plus += 1e-6F;
  Vector a = plus, b = plus, c = plus, d = plus, e = plus, f = plus;
  Vector g = plus, h = plus, i = plus, j = plus, k = plus, l = plus;
  const auto step = [&](Vector& chain) __attribute__((always_inline)) {
    chain = chain * by + plus;
    asm volatile("" : KEEP_IN_REGISTER(chain));
  };
  for (std::int64_t r = 0; r < rounds; ++r) {
    step(a), step(b), step(c), step(d), step(e), step(f);
    step(g), step(h), step(i), step(j), step(k), step(l);
  }
  sink = sum(((a + b) + (c + d)) + ((e + f) + (g + h)) + ((i + j) + (k + l)));
  return static_cast<double>(rounds) * 12 * kWidth;
}

/// The same of pairs of bfloat16, summed in float32: 0 where the processor has no such instruction.
double fma_packed([[maybe_unused]] std::int64_t rounds) {
#ifdef __AVX512BF16__
  const __m512bh one = _mm512_cvtne2ps_pbh(_mm512_set1_ps(1e-3F), _mm512_set1_ps(1e-3F));
  __m512 chains[12];
  for (__m512& chain : chains) {
    chain = _mm512_setzero_ps();
    asm volatile("" : "+v"(chain));
  }
  for (std::int64_t r = 0; r < rounds; ++r) {
#pragma GCC unroll 12
    for (__m512& chain : chains) chain = _mm512_dpbf16_ps(chain, one, one);
  }
  float total = 0;
  for (const __m512& chain : chains) total += _mm512_reduce_add_ps(chain);
  sink = total;
  return static_cast<double>(rounds) * 12 * 32;
#else
  return 0;
#endif
}

/// 4 rows against 4 rows of 112 floats: 8 loads for 16 multiply-adds, as a small matrix kernel has.
double fma_tile(std::int64_t rounds) {
  constexpr int kLength = 112 / kWidth;
  alignas(64) static thread_local Vector a[4][kLength], b[4][kLength];
  for (auto* table : {a, b}) {
    for (int i = 0; i < 4; ++i) {
      for (int d = 0; d < kLength; ++d) table[i][d] = Vector{} + 1e-3F;
    }
  }
  float total = 0;
  for (std::int64_t r = 0; r < rounds; ++r) {
    Vector c00{}, c01{}, c02{}, c03{}, c10{}, c11{}, c12{}, c13{};
    Vector c20{}, c21{}, c22{}, c23{}, c30{}, c31{}, c32{}, c33{};
    for (int d = 0; d < kLength; ++d) {
      const Vector x0 = a[0][d], x1 = a[1][d], x2 = a[2][d], x3 = a[3][d];
      const Vector y0 = b[0][d], y1 = b[1][d], y2 = b[2][d], y3 = b[3][d];
      c00 += x0 * y0, c01 += x0 * y1, c02 += x0 * y2, c03 += x0 * y3;
      c10 += x1 * y0, c11 += x1 * y1, c12 += x1 * y2, c13 += x1 * y3;
      c20 += x2 * y0, c21 += x2 * y1, c22 += x2 * y2, c23 += x2 * y3;
      c30 += x3 * y0, c31 += x3 * y1, c32 += x3 * y2, c33 += x3 * y3;
    }
    const Vector all = ((c00 + c01) + (c02 + c03)) + ((c10 + c11) + (c12 + c13)) +
                       ((c20 + c21) + (c22 + c23)) + ((c30 + c31) + (c32 + c33));
    total += all[0];
    asm volatile("" ::: "memory");
  }
  sink = total;
  return static_cast<double>(rounds) * 16 * 112;
}

double rate_of(int threads, double wanted, const std::function<double(std::int64_t)>& work) {
  std::int64_t rounds = 1000;
  double best = 0;
  for (int repeat = 0; repeat < 3;) {
    double done = 0;
    const double took = on_all(threads, [&](int t) {
      const double mine = work(rounds);
      if (t == 0) done = mine;
    });
    if (took < wanted / 4) {
      rounds *= 4;
      continue;
    }
    best = std::max(best, done * threads / took);
    ++repeat;
  }
  return best;
}

/// Memory as the tables of training have it: on huge pages where the system gives them.
float* memory(std::size_t bytes) {
  const std::size_t huge = std::size_t{1} << 21, size = (bytes + huge - 1) / huge * huge;
  void* place = std::aligned_alloc(huge, size);
  if (place == nullptr) std::exit(2);
#ifdef MADV_HUGEPAGE
  madvise(place, size, MADV_HUGEPAGE);
#endif
  std::memset(place, 0, size);
  return static_cast<float*>(place);
}

double stream(int threads, std::size_t bytes) {
  const std::size_t each = bytes / sizeof(Vector) / static_cast<std::size_t>(threads);
  const auto* table = reinterpret_cast<const Vector*>(memory(bytes));
  double best = 0;
  for (int repeat = 0; repeat < 5; ++repeat) {
    const double took = on_all(threads, [&](int t) {
      const Vector* from = table + static_cast<std::size_t>(t) * each;
      Vector a{}, b{}, c{}, d{};
      for (std::size_t i = 0; i + 4 <= each; i += 4) {
        a += from[i], b += from[i + 1], c += from[i + 2], d += from[i + 3];
      }
      sink = sum(a + b + c + d);
    });
    best = std::max(best, static_cast<double>(bytes) / took);
  }
  return best;
}

/// Rows a second in the given order, each thread a part of it; write: every float is changed.
double visit(int threads, float* table, std::size_t row_bytes,
             const std::vector<std::int32_t>& order, std::size_t ahead, bool write) {
  const std::size_t floats = row_bytes / 4, width = row_bytes / sizeof(Part);
  const std::size_t each = order.size() / static_cast<std::size_t>(threads);
  double best = 0;
  for (int repeat = 0; repeat < 3; ++repeat) {
    const double took = on_all(threads, [&](int t) {
      const std::int32_t* mine = order.data() + static_cast<std::size_t>(t) * each;
      Part totals[32] = {};  // one per place of a row: no chain of additions to wait for
      for (std::size_t i = 0; i < each; ++i) {
        if (ahead > 0 && i + ahead < each) {
          const float* next = table + static_cast<std::size_t>(mine[i + ahead]) * floats;
          for (std::size_t d = 0; d < floats; d += 16) __builtin_prefetch(next + d, 1, 2);
        }
        auto* row = reinterpret_cast<Part*>(table + static_cast<std::size_t>(mine[i]) * floats);
        for (std::size_t d = 0; d < width; ++d) {
          if (write) {
            row[d] += 1e-9F;
          } else {
            totals[d % 32] += row[d];
          }
        }
      }
      for (const Part& total : totals) sink = total[0];
    });
    best = std::max(best, static_cast<double>(each * static_cast<std::size_t>(threads)) / took);
  }
  return best;
}

std::vector<std::int32_t> random_order(std::size_t rows, std::size_t visits) {
  std::vector<std::int32_t> order(visits);
  std::uint64_t state = 88172645463325252ULL;
  for (std::int32_t& at : order) {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    at = static_cast<std::int32_t>((state >> 11) % rows);
  }
  return order;
}

}  // namespace

int main(int count, char** words) {
  if (count < 4) return 1;
  const int threads = std::atoi(words[1]);
  const std::string what = words[2];
  double result = 0;
  if (what == "fma") {
    result = rate_of(threads, std::atof(words[3]), fma_registers);
  } else if (what == "packed") {
    result = fma_packed(1) == 0.0 ? 0.0 : rate_of(threads, std::atof(words[3]), fma_packed);
  } else if (what == "tile") {
    result = rate_of(threads, std::atof(words[3]), fma_tile);
  } else if (what == "stream") {
    result = stream(threads, static_cast<std::size_t>(std::atof(words[3]) * 1e6));
  } else if (what == "rows" && count == 7) {
    const auto row = static_cast<std::size_t>(std::atoll(words[4]));
    const auto rows = static_cast<std::size_t>(std::atof(words[3]) * 1e6) / row;
    const std::vector<std::int32_t> order = random_order(rows, 4'000'000);
    result = visit(threads, memory(rows * row), row, order,
                   static_cast<std::size_t>(std::atoi(words[5])), std::atoi(words[6]) != 0);
  } else if (what == "file" && count == 8) {
    std::FILE* file = std::fopen(words[3], "rb");
    if (file == nullptr) return 2;
    std::fseek(file, 0, SEEK_END);
    std::vector<std::int32_t> order(static_cast<std::size_t>(std::ftell(file)) / 4);
    std::rewind(file);
    if (std::fread(order.data(), 4, order.size(), file) != order.size()) return 2;
    std::fclose(file);
    const auto rows = static_cast<std::size_t>(std::atoll(words[4]));
    const auto row = static_cast<std::size_t>(std::atoll(words[5]));
    result = visit(threads, memory(rows * row), row, order,
                   static_cast<std::size_t>(std::atoi(words[6])), std::atoi(words[7]) != 0);
  } else {
    return 1;
  }
  std::printf("%.6g\n", result);
  return 0;
}
