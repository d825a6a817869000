// kernel_set.h: a kernel set out of a vector type, and what the type must have.
//
// Each file of an instruction set defines a vector type and takes kernel_set<that>. All templates
// here and in the headers below stand in unnamed namespaces: each file has its own, and no symbol
// is shared between files compiled with different flags. Loops over a tile are unrolled by force:
// GCC 12 else keeps the sums on the stack.
//
// The vector type S has Reg, kWidth (floats in a register); zero, set, load and store (rows),
// load_any and store_any (unaligned), add, subtract, multiply, reciprocal, fma(a, b, c) = a * b +
// c, sum(x), keep_between(x, base, low, high); for e^-x rounded, times_power(p, n) = p * 2^n, and
// within_powers(x): x held to where 2^n is a float; store_row: the sums of four registers, and
// maybe store_four_rows; over(x, bar): a bit for each lane above the bar. Register tiles are
// kScoreRows x kScorePadding, kMostRows x kTileRegs, kScanRows x kScanRegs; kRowRegs: registers
// that a whole row may take. kFewRegisters: whether the sums of a tile leave no room for all of a
// term's steps. kHalves: whether rows may end with half a register, which costs half the time; then
// also Half, no_half, widened, load_half and store_half (of a Reg whose upper half is zero),
// half_products, half_fma.
//
// The type of bytes B has Reg, kGroup (dimensions of a group), kLanes (sums in a register), kRows x
// kRegs, a tile of sums that spans kScanCandidates; start(x), word(p), load(p), add_products(sums,
// candidates, query), over(sums of a row, bar): a bit for each candidate above the bar.
#pragma once

#include "core/kernels/accumulate.h"
#include "core/kernels/bytes.h"
#include "core/kernels/dots.h"
#include "core/kernels/kernels.h"
#include "core/kernels/rows.h"
#include "core/kernels/scan.h"
#include "core/kernels/scores.h"
#include "core/kernels/share.h"
#include "core/kernels/teach.h"

namespace likewise {
namespace {

template <class S, class B>
constexpr Kernels kernel_set(const char* name) {
  return {name,
          scores<S>,
          squares<S>,
          bend<S>,
          positive_steps<S>,
          negative_steps<S>,
          accumulate<S>,
          compose<S>,
          scatter<S>,
          collect<S>,
          teach<S>,
          scan<S>,
          share<S>,
          dots<S>,
          true_dot,
          {B::kGroup, scan_bytes<B>}};
}

}  // namespace
}  // namespace likewise
