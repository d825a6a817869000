// neon.cpp: the kernel set for AArch64 (Advanced SIMD is part of its baseline).
#if defined(__aarch64__)
#include <arm_neon.h>

#include "core/kernels/kernel_set.h"
#include "core/kernels/kernels.h"

namespace likewise {
namespace {

struct Neon {
  using Reg = float32x4_t;
  static constexpr std::size_t kWidth = 4;
  static constexpr int kScoreRows = 4, kTileRegs = 4, kRowRegs = 26, kScanRows = 6, kScanRegs = 4;
  static constexpr bool kHalves = false, kFewRegisters = false;

  static Reg zero() { return vdupq_n_f32(0.0F); }
  static Reg set(float x) { return vdupq_n_f32(x); }
  static Reg load(const float* p) { return vld1q_f32(p); }
  static Reg load_any(const float* p) { return vld1q_f32(p); }
  static void store(float* p, Reg x) { vst1q_f32(p, x); }
  static void store_any(float* p, Reg x) { vst1q_f32(p, x); }
  static Reg fma(Reg a, Reg b, Reg c) { return vfmaq_f32(c, a, b); }
  static Reg add(Reg a, Reg b) { return vaddq_f32(a, b); }
  static Reg subtract(Reg a, Reg b) { return vsubq_f32(a, b); }
  static Reg multiply(Reg a, Reg b) { return vmulq_f32(a, b); }
  static Reg reciprocal(Reg x) { return vdivq_f32(set(1.0F), x); }

  static Reg within_powers(Reg x) {  // +-87; vmin and vmax let a NaN through
    return vminq_f32(set(87.0F), vmaxq_f32(set(-87.0F), x));
  }
  static Reg rounded(Reg x) { return vrndnq_f32(x); }
  static Reg times_power(Reg p, Reg n) {
    const int32x4_t power = vshlq_n_s32(vaddq_s32(vcvtq_s32_f32(n), vdupq_n_s32(127)), 23);
    return multiply(p, vreinterpretq_f32_s32(power));
  }

  static Reg keep_between(Reg x, std::size_t base, std::size_t low, std::size_t high) {
    const std::uint32_t steps[4] = {0, 1, 2, 3};
    const auto word = [](std::size_t v) { return vdupq_n_u32(static_cast<std::uint32_t>(v)); };
    const uint32x4_t place = vaddq_u32(word(base), vld1q_u32(steps));
    const uint32x4_t keep = vandq_u32(vcgeq_u32(place, word(low)), vcltq_u32(place, word(high)));
    return vreinterpretq_f32_u32(vandq_u32(vreinterpretq_u32_f32(x), keep));
  }

  static float sum(Reg x) { return vaddvq_f32(x); }

  static void store_row(const Reg (&sums)[4], float* out) {
    vst1q_f32(out, vpaddq_f32(vpaddq_f32(sums[0], sums[1]), vpaddq_f32(sums[2], sums[3])));
  }

  static std::uint32_t over(Reg x, float bar) {
    const uint32x4_t places = {1U, 2U, 4U, 8U};
    return vaddvq_u32(vandq_u32(vcgtq_f32(x, set(bar)), places));
  }
};

// Sums of 16 bits, of one product each: every processor has these.
struct NeonBytes {
  using Reg = int16x8_t;
  static constexpr std::size_t kGroup = 1, kLanes = 8, kRows = 4, kRegs = 4;

  static Reg start(std::int32_t x) { return vdupq_n_s16(static_cast<std::int16_t>(x)); }
  static Reg word(const std::uint32_t* p) {
    return vdupq_n_s16(static_cast<std::int16_t>(static_cast<std::int32_t>(*p)));
  }
  static Reg load(const std::uint8_t* p) { return vreinterpretq_s16_u16(vmovl_u8(vld1_u8(p))); }
  static Reg add_products(Reg sums, Reg candidates, Reg query) {
    return vmlaq_s16(sums, candidates, query);
  }
  static std::uint32_t over(const Reg (&sums)[4], std::int32_t bar) {
    const Reg high = start(bar < -32768 ? -32768 : bar > 32767 ? 32767 : bar);
    const uint16x8_t places = {1, 2, 4, 8, 16, 32, 64, 128};
    std::uint32_t bits = 0;
    for (unsigned v = 0; v < 4; ++v) {
      bits |= static_cast<std::uint32_t>(vaddvq_u16(vandq_u16(vcgtq_s16(sums[v], high), places)))
              << (8 * v);
    }
    return bits;
  }
};

}  // namespace

const Kernels& neon_kernels() {
  static constexpr Kernels set = kernel_set<Neon, NeonBytes>("neon");
  return set;
}

}  // namespace likewise
#endif
