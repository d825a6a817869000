// item_vectors.cpp: one item after the other; lengths are summed in float64.
#include "core/score/item_vectors.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <stdexcept>
#include <string>

#include "core/base/rng.h"
#include "core/base/table.h"
#include "core/kernels/kernels.h"

namespace likewise {
namespace {

constexpr std::int64_t kItemsAtOnce = 256;
/// Mapped vectors so much shorter than what they are a sum of are summed again in float64.
constexpr double kCancelled = 0.25;
/// Those so much shorter are rounding alone.
constexpr double kRounding = 1e-6;

double squares_of(const float* values, std::size_t n) {
  std::array<double, 4> sums{};  // one for each place in a register: additions need not wait
  std::size_t d = 0;
  for (; d + 4 <= n; d += 4) {
    for (std::size_t k = 0; k < 4; ++k) {
      const auto value = static_cast<double>(values[d + k]);
      sums[k] += value * value;
    }
  }
  for (; d < n; ++d) sums[0] += static_cast<double>(values[d]) * static_cast<double>(values[d]);
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

[[noreturn]] void refuse(std::size_t row) {
  throw std::invalid_argument("vectors must be finite, row " + std::to_string(row) + " is not");
}

double finite_squares(const float* values, std::size_t n, std::size_t row) {
  const double squares = squares_of(values, n);
  if (!std::isfinite(squares)) refuse(row);
  return squares;
}

void scaled(const float* values, std::size_t n, double scale, float* out) {
  for (std::size_t d = 0; d < n; ++d) {
    out[d] = static_cast<float>(static_cast<double>(values[d]) * scale);
  }
}

/// A linear map, once in float32 for the kernels and once as it is.
class LinearMap {
 public:
  LinearMap(const MapView& map, std::size_t dim) : map_(map), dim_(dim) {
    if (map.data == nullptr) return;
    rounded_ = Table(dim + 1, map.columns);
    for (std::size_t i = 0; i <= dim; ++i) {
      for (std::size_t d = 0; d < map.columns; ++d) {
        rounded_.row(i)[d] = static_cast<float>(map.data[i * map.columns + d]);
      }
      rows_.push_back(rounded_.row(i));
    }
    const double* last = map.data + dim * map.columns;
    double squares = 0.0;
    for (std::size_t d = 0; d < map.columns; ++d) squares += last[d] * last[d];
    last_length_ = std::sqrt(squares);
  }

  bool empty() const { return map_.data == nullptr; }
  std::size_t room() const { return rounded_.stride(); }

  /// Maps a unit vector to `out`, which has room() floats; returns the squared length, 0 where
  /// the sum is rounding alone.
  double apply(const float* unit, float* out) const {
    const float squares = set_.compose(out, rows_.data(), unit, dim_, rounded_.stride());
    const float* last = rounded_.row(dim_);
    for (std::size_t d = 0; d < map_.columns; ++d) out[d] += last[d];
    const double summed = std::sqrt(static_cast<double>(squares)) + last_length_;
    const double found = squares_of(out, map_.columns);
    return std::sqrt(found) < kCancelled * summed ? apply_slowly(unit, out) : found;
  }

 private:
  double apply_slowly(const float* unit, float* out) const {
    const std::size_t columns = map_.columns;
    std::vector<double> turned(columns, 0.0);
    for (std::size_t i = 0; i < dim_; ++i) {
      const auto value = static_cast<double>(unit[i]);
      for (std::size_t d = 0; d < columns; ++d) turned[d] += value * map_.data[i * columns + d];
    }
    double whole = 0.0, squares = 0.0;
    for (std::size_t d = 0; d < columns; ++d) {
      whole += turned[d] * turned[d];
      const double mapped = turned[d] + map_.data[dim_ * columns + d];
      squares += mapped * mapped;
      out[d] = static_cast<float>(mapped);
    }
    if (std::sqrt(squares) > kRounding * (std::sqrt(whole) + last_length_)) return squares;
    std::fill_n(out, columns, 0.0F);
    return 0.0;
  }

  const Kernels& set_ = kernels();
  MapView map_;
  std::size_t dim_;
  Table rounded_;
  std::vector<const float*> rows_;
  double last_length_ = 0.0;
};

/// Four floats: what every machine of ours has a register for.
using Four __attribute__((vector_size(16))) = float;

/// The signs that four bits stand for.
constexpr std::array<Four, 16> kSigns = [] {
  std::array<Four, 16> signs{};
  for (unsigned bits = 0; bits < 16; ++bits) {
    const auto sign = [&](unsigned place) { return (bits >> place & 1U) != 0 ? 1.0F : -1.0F; };
    signs[bits] = Four{sign(0), sign(1), sign(2), sign(3)};
  }
  return signs;
}();

/// Floats of a text that are summed at once, in registers.
constexpr std::size_t kSigned = 32;

/// Adds up directions of tokens: values[e], or its negative, in each column, by the bits of the
/// token's mixed hash. Writes whole runs of kSigned columns; `states` and
/// `bits` are room for n each.
void add_signed(const std::uint64_t* hashes, const float* values, std::size_t n,
                std::size_t columns, std::uint64_t* states, std::uint64_t* bits, float* out) {
  std::copy_n(hashes, n, states);
  for (std::size_t first = 0; first < columns; first += kSigned) {
    if (first % 64 == 0) {
      for (std::size_t e = 0; e < n; ++e) bits[e] = splitmix64(states[e]);
    }
    std::array<Four, kSigned / 4> sums{};
    for (std::size_t e = 0; e < n; ++e) {
      const float value = values[e];
      const std::uint64_t now = bits[e];
#pragma GCC unroll 8
      for (std::size_t k = 0; k < sums.size(); ++k) sums[k] += value * kSigns[now >> 4 * k & 15];
      bits[e] = now >> kSigned;
    }
    std::memcpy(out + first, sums.data(), sizeof sums);
  }
}

/// Makes the vectors of items, one after the other.
class Composer {
 public:
  Composer(const ItemVectorsRequest& request, const LinearMap& context, const LinearMap& company)
      : request_(request),
        context_map_(context),
        company_map_(company),
        aligned_(2, std::max({context.room(), company.room(), request.learned.center.columns})),
        unit_(aligned_.row(0)),
        room_(aligned_.row(1)),
        text_(rounded_up(request.text.columns, kSigned)) {}

  /// Writes the vector of item i; tells whether anything is known of it.
  bool compose(std::size_t i, float* out) {
    const LearnedView& learned = request_.learned;
    const std::size_t dim = learned.center.columns, few = request_.co_occurrence.rows.columns;
    const std::int64_t at = request_.rows[i];
    const float* center = at >= 0 ? row_of(learned.center, at) : row_of(learned.other_center, ~at);
    const float* context =
        at >= 0 ? row_of(learned.context, at) : row_of(learned.other_context, ~at);
    const double squares = center == nullptr ? 0.0 : finite_squares(center, dim, i);
    if (squares > 0.0) scaled(center, dim, 1.0 / std::sqrt(squares), unit_);
    bool known = learn(i, squares > 0.0, context, out);
    known |= co_occur(i, squares > 0.0, out + dim);
    known |= read(i, std::sqrt(squares), out + dim + few);
    if (request_.popular) out[request_.width() - 1] = request_.popularity[i];
    if (!known) std::fill_n(out, request_.width(), 0.0F);
    return known;
  }

 private:
  static const float* row_of(const RowsView& rows, std::int64_t at) {
    return rows.rows == 0 ? nullptr : rows.row(static_cast<std::size_t>(at));
  }

  bool learn(std::size_t i, bool has_center, const float* context, float* out) {
    const LearnedView& learned = request_.learned;
    const std::size_t dim = learned.center.columns;
    double squares = context == nullptr ? 0.0 : finite_squares(context, dim, i);
    if (squares == 0.0 && has_center && !context_map_.empty()) {
      squares = context_map_.apply(unit_, room_);
      context = room_;
    }
    if (has_center && learned.center_share != 0.0F) {
      for (std::size_t d = 0; d < dim; ++d) out[d] = learned.center_share * unit_[d];
    } else {
      std::fill_n(out, dim, 0.0F);
    }
    if (squares > 0.0) {
      const float popularity = request_.popular ? request_.popularity[i] : 0.0F;
      const float trust = learned.trust_least + learned.trust_more * popularity;
      scaled(context, dim, 1.0 / std::sqrt(squares), room_);
      for (std::size_t d = 0; d < dim; ++d) out[d] += trust * room_[d];
    }
    return any(out, dim);
  }

  bool co_occur(std::size_t i, bool has_center, float* out) {
    const CoOccurrenceView& view = request_.co_occurrence;
    const std::size_t columns = view.rows.columns;
    const std::int64_t at = request_.rows[i];
    const auto found =
        at < 0 ? view.items.end() : std::lower_bound(view.items.begin(), view.items.end(), at);
    const float* row = nullptr;
    if (found != view.items.end() && *found == at) {
      row = view.rows.row(static_cast<std::size_t>(found - view.items.begin()));
      if (finite_squares(row, columns, i) == 0.0) row = nullptr;
    }
    float cut = 1.0F;
    if (row == nullptr && has_center && !company_map_.empty()) {
      const double length = std::sqrt(company_map_.apply(unit_, room_));
      cut = static_cast<float>(std::min(1.0, view.longest / std::max(length, view.longest)));
      row = room_;
    }
    if (row == nullptr) {
      std::fill_n(out, columns, 0.0F);
      return false;
    }
    for (std::size_t d = 0; d < columns; ++d) out[d] = view.scale * (row[d] * cut);
    return any(out, columns);
  }

  bool read(std::size_t i, double center_length, float* out) {
    const TextView& text = request_.text;
    if (text.columns == 0) return false;
    std::fill_n(out, text.columns, 0.0F);
    if (text.item_offsets.empty()) return false;
    const auto place = text.places.empty() ? i : static_cast<std::size_t>(text.places[i]);
    const auto first = static_cast<std::size_t>(text.item_offsets[place]);
    const auto end = static_cast<std::size_t>(text.item_offsets[place + 1]);
    if (first == end) return false;
    float unknown = 0.0F;
    if (request_.rows[i] < 0) {
      weigh(text.known, first, end);
      unknown = unknown_of(first, end, center_length);
    }
    weigh(text.summed, first, end);
    const auto high = static_cast<float>(1.0 / std::sqrt(static_cast<double>(text.columns)));
    const std::size_t n = end - first;
    words_.resize(std::max(words_.size(), 3 * n));
    std::uint64_t* const hashes = words_.data();
    for (std::size_t e = 0; e < n; ++e) {
      weights_[e] *= high;
      hashes[e] = text.token_hashes[static_cast<std::size_t>(text.item_tokens[first + e])];
    }
    add_signed(hashes, weights_.data(), n, text.columns, hashes + n, hashes + 2 * n, text_.data());
    const double squares = squares_of(text_.data(), text.columns);
    if (squares == 0.0) return false;
    const double scale = 1.0 / std::sqrt(squares);
    const float length = text.scale * (1.0F + unknown);
    scaled(text_.data(), text.columns, scale, text_.data());
    for (std::size_t d = 0; d < text.columns; ++d) out[d] = length * text_[d];
    return true;
  }

  /// Puts weights to the tokens of a text, whose squares sum to 1.
  void weigh(const TokenWeights& by, std::size_t first, std::size_t end) {
    weights_.resize(std::max(weights_.size(), end - first));
    double squares = 0.0;
    for (std::size_t e = first; e < end; ++e) {
      const float weight = by.of_tokens[static_cast<std::size_t>(request_.text.item_tokens[e])] *
                           by.of_kinds[request_.text.item_kinds[e]];
      weights_[e - first] = weight;
      squares += static_cast<double>(weight) * static_cast<double>(weight);
    }
    const auto scale = static_cast<float>(1.0 / std::sqrt(squares > 0.0 ? squares : 1.0));
    for (std::size_t k = 0; k < end - first; ++k) weights_[k] *= scale;
  }

  float unknown_of(std::size_t first, std::size_t end, double center_length) const {
    double whole = 0.0, part = 0.0;
    for (std::size_t e = first; e < end; ++e) {
      const auto weight = static_cast<double>(weights_[e - first]);
      whole += weight * weight;
      if (request_.text.unseen[static_cast<std::size_t>(request_.text.item_tokens[e])] != 0) {
        part += weight * weight;
      }
    }
    const double share = part / (whole > 0.0 ? whole : 1.0);
    const double shorter = std::max(0.0, 1.0 - center_length / request_.text.usual_length);
    return static_cast<float>(std::min(share, shorter));
  }

  static bool any(const float* values, std::size_t n) {
    return std::any_of(values, values + n, [](float value) { return value != 0.0F; });
  }

  const ItemVectorsRequest& request_;
  const LinearMap &context_map_, &company_map_;
  Table aligned_;  // as kernels want it
  float *unit_, *room_;
  std::vector<float> text_, weights_;
  std::vector<std::uint64_t> words_;
};

void require(bool fits, const char* what) {
  if (!fits) throw std::invalid_argument(what);
}

void check_text(const ItemVectorsRequest& request) {
  const TextView& text = request.text;
  if (text.columns == 0 || text.item_offsets.empty() || request.rows.empty()) return;
  const auto entries = static_cast<Offset>(text.item_tokens.size());
  const std::size_t tokens = text.token_hashes.size(), texts = text.item_offsets.size() - 1;
  require(text.item_kinds.size() == text.item_tokens.size(),
          "item_kinds must have one value for each entry");
  require(text.known.of_tokens.size() == tokens && text.summed.of_tokens.size() == tokens &&
              text.unseen.size() == tokens,
          "weights must have one value for each token");
  require((text.places.empty() ? texts : text.places.size()) == request.rows.size(),
          "there must be a text for each item");
  for (std::size_t i = 0; i < request.rows.size(); ++i) {  // what is asked for, and no more
    const auto place = text.places.empty() ? i : static_cast<std::size_t>(text.places[i]);
    require(place < texts, "places must be numbers of texts");
    const Offset first = text.item_offsets[place], end = text.item_offsets[place + 1];
    require(0 <= first && first <= end && end <= entries, "item_offsets must ascend in entries");
    for (auto e = static_cast<std::size_t>(first); e < static_cast<std::size_t>(end); ++e) {
      require(text.item_tokens[e] >= 0 && static_cast<std::size_t>(text.item_tokens[e]) < tokens &&
                  text.item_kinds[e] < text.known.of_kinds.size(),
              "item_tokens must be numbers of tokens, item_kinds below 4");
    }
  }
}

}  // namespace

void check(const ItemVectorsRequest& request) {
  const LearnedView& learned = request.learned;
  const CoOccurrenceView& co_occurrence = request.co_occurrence;
  const std::size_t dim = learned.center.columns;
  require(!request.popular || request.popularity.size() == request.rows.size(),
          "popularity must have one value for each item");
  require(learned.context.rows == learned.center.rows && learned.context.columns == dim,
          "context must have the shape of center");
  const auto n = static_cast<std::int64_t>(learned.center.rows);
  for (const RowsView* other : {&learned.other_center, &learned.other_context}) {
    require(other->rows == 0 || other->columns == dim, "other vectors must have as many columns");
    const auto others = static_cast<std::int64_t>(other->rows);
    require(std::all_of(request.rows.begin(), request.rows.end(),
                        [&](std::int64_t row) {
                          return row < n && (row >= 0 || others == 0 || ~row < others);
                        }),
            "rows must be positions in training, or numbers of other items");
  }
  require(learned.context_map.data == nullptr || learned.context_map.columns == dim,
          "context_map must have as many columns as vectors");
  require(co_occurrence.items.size() == co_occurrence.rows.rows,
          "co-occurrence must have one row for each of its items");
  require(
      co_occurrence.map.data == nullptr || co_occurrence.map.columns == co_occurrence.rows.columns,
      "the map of co-occurrence must have as many columns as its rows");
  check_text(request);
}

std::vector<std::uint8_t> item_vectors(const ItemVectorsRequest& request, float* out,
                                       std::size_t stride, const Poll& poll) {
  const std::size_t dim = request.learned.center.columns;
  const LinearMap context(request.learned.context_map, dim),
      company(request.co_occurrence.map, dim);
  std::vector<std::uint8_t> usable(request.rows.size(), 0);
  parallel_for(
      request.threads, static_cast<std::int64_t>(usable.size()), kItemsAtOnce,
      [&](std::int64_t first, std::int64_t last, int) {
        Composer composer(request, context, company);
        for (auto i = static_cast<std::size_t>(first); i < static_cast<std::size_t>(last); ++i) {
          usable[i] = composer.compose(i, out + i * stride) ? 1 : 0;
        }
      },
      poll);
  return usable;
}

std::vector<std::uint8_t> usable_rows(const RowsView& rows, int threads, const Poll& poll) {
  std::vector<std::uint8_t> usable(rows.rows, 0);
  parallel_for(
      threads, static_cast<std::int64_t>(rows.rows), 4096,
      [&](std::int64_t first, std::int64_t last, int) {
        for (auto i = static_cast<std::size_t>(first); i < static_cast<std::size_t>(last); ++i) {
          usable[i] = finite_squares(rows.row(i), rows.columns, i) > 0.0 ? 1 : 0;
        }
      },
      poll);
  return usable;
}

}  // namespace likewise
