// types.h: the integer types every part of the core agrees on.
//
// Folder base owns what more than one folder stands on: types, options, random numbers, memory and
// tables of vectors, features as others borrow them, threads. It includes only itself.
//
// item: position in a catalogue, int32. offset: position in a flat array, int64. row: position in a
// table of vectors, int32. Tables are row-major float32 with `stride` floats from row to row
// (stride >= dim, a multiple of kRowAlign; the padding beyond dim is zero and stays zero).
#pragma once

#include <cstddef>
#include <cstdint>

namespace likewise {

using ItemId = std::int32_t;
using RowId = std::int32_t;
using Offset = std::int64_t;

/// Floats in a cache line: what lists of numbers are padded to.
inline constexpr std::size_t kLine = 16;

/// Floats that rows are padded to: half a line, so that 100 floats take 104 and not 112.
inline constexpr std::size_t kRowAlign = kLine / 2;

inline constexpr std::size_t rounded_up(std::size_t n, std::size_t of) {
  return (n + of - 1) / of * of;
}

inline constexpr std::size_t whole_lines(std::size_t floats) {
  return rounded_up(floats, kLine);
}

inline constexpr std::size_t padded(std::size_t dim) {
  return rounded_up(dim, kRowAlign);
}

}  // namespace likewise
