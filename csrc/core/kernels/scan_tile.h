// scan_tile.h: the register tile of a scan, written once over a vector type.
//
// Included by each kernels_scan_<instruction set>.cpp inside its own unnamed namespace, after it
// has defined `struct Lanes` (Reg, kWidth, kRegs: registers of candidates in a tile, kRows: queries
// in a tile; zero, load, store, spread(x) = x in all lanes, fma, over(x, bar) = a bit for each lane
// above the bar), so that no symbol is shared between files compiled with different flags. No
// include guard: one inclusion per file is the point.

template <int kRows>
inline void scan_tile(const float* queries, const float* candidates, std::size_t dim,
                      const float* bars, float* out, std::uint32_t* over, unsigned shift) {
  Lanes::Reg sums[kRows][Lanes::kRegs];
  for (int q = 0; q < kRows; ++q) {
    for (int v = 0; v < Lanes::kRegs; ++v) sums[q][v] = Lanes::zero();
  }
  for (std::size_t d = 0; d < dim; ++d) {
    Lanes::Reg right[Lanes::kRegs];
    for (int v = 0; v < Lanes::kRegs; ++v) {
      right[v] = Lanes::load(candidates + static_cast<std::size_t>(v) * Lanes::kWidth);
    }
    for (int q = 0; q < kRows; ++q) {
      const Lanes::Reg left = Lanes::spread(queries[q]);
      for (int v = 0; v < Lanes::kRegs; ++v) sums[q][v] = Lanes::fma(left, right[v], sums[q][v]);
    }
    queries += kScanQueries;
    candidates += kScanCandidates;
  }
  for (int q = 0; q < kRows; ++q) {
    std::uint32_t bits = 0;
    for (int v = 0; v < Lanes::kRegs; ++v) {
      bits |= Lanes::over(sums[q][v], bars[q]) << (static_cast<unsigned>(v) * Lanes::kWidth);
    }
    over[q] |= bits << shift;
    if (bits == 0) continue;
    float* place = out + static_cast<std::size_t>(q) * kScanCandidates;
    for (int v = 0; v < Lanes::kRegs; ++v) {
      Lanes::store(place + static_cast<std::size_t>(v) * Lanes::kWidth, sums[q][v]);
    }
  }
}

void scan(const float* queries, std::size_t count, const float* candidates, std::size_t dim,
          const float* bars, float* out, std::uint32_t* over) {
  constexpr std::size_t kRows = Lanes::kRows, kColumns = Lanes::kRegs * Lanes::kWidth;
  static_assert(kScanQueries % kRows == 0 && kScanCandidates % kColumns == 0 && kRows > 2);
  for (std::size_t q = 0; q < kScanQueries; ++q) over[q] = 0;
  for (std::size_t q = 0; q < count; q += kRows) {
    const bool few = count - q <= 2;
    for (std::size_t c = 0; c < kScanCandidates; c += kColumns) {
      const auto tile = few ? scan_tile<2> : scan_tile<Lanes::kRows>;
      tile(queries + q, candidates + c, dim, bars + q, out + q * kScanCandidates + c, over + q,
           static_cast<unsigned>(c));
    }
  }
}
