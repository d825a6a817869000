// test_item_vectors.cpp: item vectors against their definition, over what items may lack.
#include "core/score/item_vectors.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <stdexcept>
#include <vector>

#include "check.h"
#include "core/base/rng.h"

namespace {

using likewise::ItemVectorsRequest;

constexpr std::size_t kDim = 13, kFew = 5;

std::vector<float> random_rows(std::size_t n, unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(n);
  std::generate(values.begin(), values.end(), [&] { return normal(generator); });
  return values;
}

double length(const float* values, std::size_t n) {
  double squares = 0.0;
  for (std::size_t d = 0; d < n; ++d) squares += static_cast<double>(values[d]) * values[d];
  return std::sqrt(squares);
}

/// Items of every kind: some lack a center, a context, a co-occurrence row or a text; every fifth
/// was not in training.
struct Shop {
  explicit Shop(std::size_t n, std::size_t text_columns)
      : center(random_rows(n * kDim, 1)),
        context(random_rows(n * kDim, 2)),
        others(random_rows(n * kDim, 3)),
        company(random_rows((n / 2) * kFew, 4)),
        popularity(n) {
    std::mt19937 generator(7);
    std::normal_distribution<double> normal;
    context_map.resize((kDim + 1) * kDim);
    company_map.resize((kDim + 1) * kFew);
    for (double& value : context_map) value = normal(generator);
    for (double& value : company_map) value = normal(generator);
    for (std::size_t i = 0; i < n; ++i) {
      if (i % 7 == 1) std::fill_n(center.begin() + static_cast<long>(i * kDim), kDim, 0.0F);
      if (i % 3 == 1) std::fill_n(context.begin() + static_cast<long>(i * kDim), kDim, 0.0F);
      if (i % 6 == 0) std::fill_n(others.begin() + static_cast<long>(i * kDim), kDim, 0.0F);
      if (i < n / 2) company_items.push_back(static_cast<likewise::ItemId>(2 * i));
      popularity[i] = static_cast<float>(i % 10) / 10.0F;
      const auto number = static_cast<std::int64_t>(i);
      rows.push_back(i % 5 == 4 ? ~number : number);
      offsets.push_back(static_cast<likewise::Offset>(tokens.size()));
      for (std::size_t t = 0; t < i % 4; ++t) {
        tokens.push_back(static_cast<std::int32_t>((i + 3 * t) % 11));
        kinds.push_back(static_cast<std::uint8_t>(t));
      }
    }
    offsets.push_back(static_cast<likewise::Offset>(tokens.size()));
    for (std::uint64_t t = 0; t < 11; ++t) {
      hashes.push_back(t * 0x123456789ABCDEFULL);
      weights.push_back(0.5F + static_cast<float>(t) / 11.0F);
      unseen.push_back(t % 3 == 0 ? 1 : 0);
    }
    request.rows = rows;
    request.popularity = popularity;
    request.learned = {{center.data(), n, kDim, kDim},
                       {context.data(), n, kDim, kDim},
                       {others.data(), n, kDim, kDim},
                       {},
                       {context_map.data(), kDim},
                       1.0F,
                       0.5F,
                       0.75F};
    request.co_occurrence = {
        company_items, {company.data(), n / 2, kFew, kFew}, {company_map.data(), kFew}, 4.0F, 0.3};
    likewise::TextView& text = request.text;
    text.columns = text_columns;
    text.item_offsets = offsets;
    text.item_tokens = tokens;
    text.item_kinds = kinds;
    text.token_hashes = hashes;
    text.unseen = unseen;
    text.known = text.summed = {weights, {1.0F, 0.5F, 0.25F, 2.0F}};
    text.scale = 0.7F;
    text.usual_length = 5.0;
  }

  std::vector<float> center, context, others, company, popularity, weights;
  std::vector<double> context_map, company_map;
  std::vector<likewise::ItemId> company_items;
  std::vector<std::int64_t> rows;
  std::vector<likewise::Offset> offsets;
  std::vector<std::int32_t> tokens;
  std::vector<std::uint8_t> kinds, unseen;
  std::vector<std::uint64_t> hashes;
  ItemVectorsRequest request;
};

std::vector<double> mapped(const std::vector<double>& map, std::size_t columns,
                           const std::vector<double>& unit) {
  std::vector<double> found(columns);
  for (std::size_t d = 0; d < columns; ++d) {
    found[d] = map[kDim * columns + d];
    for (std::size_t i = 0; i < kDim; ++i) found[d] += unit[i] * map[i * columns + d];
  }
  return found;
}

std::vector<double> unit_of(std::vector<double> values) {
  double squares = 0.0;
  for (const double value : values) squares += value * value;
  for (double& value : values) value /= squares > 0.0 ? std::sqrt(squares) : 1.0;
  return values;
}

/// One item by the letter, in float64.
std::vector<double> expected(const Shop& shop, std::size_t i) {
  const bool trained = shop.rows[i] >= 0;
  const auto copy = [&](const std::vector<float>& from) {
    return std::vector<double>(from.begin() + static_cast<long>(i * kDim),
                               from.begin() + static_cast<long>((i + 1) * kDim));
  };
  const std::vector<double> center = copy(trained ? shop.center : shop.others);
  const std::vector<double> c = unit_of(center);
  const bool has_center = std::any_of(c.begin(), c.end(), [](double v) { return v != 0.0; });
  std::vector<double> o(kDim, 0.0);
  if (trained) o = unit_of(copy(shop.context));
  const bool has_context = std::any_of(o.begin(), o.end(), [](double v) { return v != 0.0; });
  if (!has_context && has_center) o = unit_of(mapped(shop.context_map, kDim, c));
  const double popularity = static_cast<double>(shop.popularity[i]);
  std::vector<double> found;
  for (std::size_t d = 0; d < kDim; ++d) found.push_back(c[d] + (0.5 + 0.75 * popularity) * o[d]);

  std::vector<double> f(kFew, 0.0);
  if (trained && i % 2 == 0 && i / 2 < shop.company_items.size()) {
    for (std::size_t d = 0; d < kFew; ++d) f[d] = shop.company[i / 2 * kFew + d];
  } else if (has_center) {
    f = mapped(shop.company_map, kFew, c);
    double squares = 0.0;
    for (const double value : f) squares += value * value;
    for (double& value : f) value *= std::min(1.0, 0.3 / std::max(0.3, std::sqrt(squares)));
  }
  for (const double value : f) found.push_back(4.0 * value);

  const likewise::TextView& text = shop.request.text;
  std::vector<double> t(text.columns, 0.0);
  double whole = 0.0, part = 0.0;
  for (auto e = static_cast<std::size_t>(shop.offsets[i]);
       e < static_cast<std::size_t>(shop.offsets[i + 1]); ++e) {
    const auto token = static_cast<std::size_t>(shop.tokens[e]);
    const double weight = static_cast<double>(shop.weights[token]) *
                          static_cast<double>(text.known.of_kinds[shop.kinds[e]]);
    whole += weight * weight;
    part += shop.unseen[token] != 0 ? weight * weight : 0.0;
    std::uint64_t state = shop.hashes[token], bits = 0;
    for (std::size_t d = 0; d < text.columns; ++d, bits >>= 1) {
      if (d % 64 == 0) bits = likewise::splitmix64(state);
      t[d] += (bits & 1) != 0 ? weight : -weight;
    }
  }
  double squares = 0.0;
  for (const double value : center) squares += value * value;
  double unknown = 0.0;
  if (!trained && whole > 0.0) {
    unknown = std::min(part / whole, std::max(0.0, 1.0 - std::sqrt(squares) / text.usual_length));
  }
  t = unit_of(t);
  for (const double value : t) found.push_back(0.7 * (1.0 + unknown) * value);
  const bool known = std::any_of(found.begin(), found.end(), [](double v) { return v != 0.0; });
  found.push_back(known ? popularity : 0.0);
  return found;
}

void items_are_their_definition() {
  for (const std::size_t columns : {0U, 33U, 90U, 384U}) {
    for (const std::size_t n : {0U, 1U, 47U, 1000U}) {
      Shop shop(n, columns);
      likewise::check(shop.request);
      const std::size_t width = shop.request.width(), stride = width + 3;
      CHECK(width == kDim + kFew + columns + 1);
      std::vector<float> once;
      for (const int threads : {1, 3}) {
        shop.request.threads = threads;
        std::vector<float> out(n * stride, -7.0F);
        const auto usable = likewise::item_vectors(shop.request, out.data(), stride);
        for (std::size_t i = 0; i < n; ++i) {
          const std::vector<double> wanted = expected(shop, i);
          for (std::size_t d = 0; d < width; ++d) CHECK_CLOSE(out[i * stride + d], wanted[d], 2e-5);
          for (std::size_t d = width; d < stride; ++d) CHECK(out[i * stride + d] == -7.0F);
          CHECK((usable[i] != 0) == (length(out.data() + i * stride, width - 1) > 0.0));
        }
        CHECK(once.empty() || once == out);
        once = out;
      }
    }
  }
}

void places_choose_texts() {
  Shop shop(200, 90);
  const std::size_t width = shop.request.width();
  std::vector<float> whole(200 * width), some(3 * width);
  likewise::item_vectors(shop.request, whole.data(), width);
  const std::vector<std::int64_t> places = {153, 2, 153};
  std::vector<std::int64_t> rows;
  std::vector<float> popularity;
  for (const std::int64_t place : places) {
    rows.push_back(shop.rows[static_cast<std::size_t>(place)]);
    popularity.push_back(shop.popularity[static_cast<std::size_t>(place)]);
  }
  shop.request.rows = rows;
  shop.request.popularity = popularity;
  shop.request.text.places = places;
  likewise::check(shop.request);
  likewise::item_vectors(shop.request, some.data(), width);
  for (std::size_t i = 0; i < places.size(); ++i) {
    const float* there = whole.data() + static_cast<std::size_t>(places[i]) * width;
    CHECK(std::equal(there, there + width, some.data() + i * width));
  }
}

void what_cancels_out_is_nothing() {
  const std::vector<float> center = {3.0F, -2.0F, 0.0F}, none = {0.0F, 0.0F, 0.0F};
  const std::vector<double> map = {0.25, 0.25};
  const std::vector<std::int64_t> rows = {0, 1, 2};
  ItemVectorsRequest request;
  request.rows = rows;
  request.popular = false;
  request.learned = {
      {center.data(), 3, 1, 1}, {none.data(), 3, 1, 1}, {}, {}, {map.data(), 1}, 0.0F, 1.0F, 0.0F};
  likewise::check(request);
  std::vector<float> out(3, -1.0F);
  const auto usable = likewise::item_vectors(request, out.data(), 1);
  CHECK(out[0] == 1.0F && out[1] == 0.0F && out[2] == 0.0F);
  CHECK(usable[0] == 1 && usable[1] == 0 && usable[2] == 0);
}

void what_does_not_fit_is_refused() {
  const auto refused = [](const auto& change) {
    Shop shop(20, 90);
    change(shop);
    CHECK_THROWS(likewise::check(shop.request), std::invalid_argument);
  };
  refused([](Shop& shop) { shop.rows[3] = 20; });
  refused([](Shop& shop) { shop.rows[3] = -22; });
  refused([](Shop& shop) { shop.tokens[5] = 11; });
  refused([](Shop& shop) { shop.tokens[5] = -1; });
  refused([](Shop& shop) { shop.kinds[5] = 4; });
  refused([](Shop& shop) { shop.offsets[4] = 1 << 20; });
  refused([](Shop& shop) { shop.offsets[4] = -1; });
  refused([](Shop& shop) { shop.request.popularity = shop.request.popularity.first(3); });
  refused([](Shop& shop) { shop.request.text.unseen = shop.request.text.unseen.first(3); });
  refused([](Shop& shop) { shop.request.learned.context.rows = 3; });
  refused([](Shop& shop) { shop.request.co_occurrence.map.columns = 2; });

  Shop shop(20, 90);
  shop.center[2 * kDim] = std::numeric_limits<float>::infinity();
  std::vector<float> out(20 * shop.request.width());
  CHECK_THROWS(likewise::item_vectors(shop.request, out.data(), shop.request.width()),
               std::invalid_argument);
  CHECK_THROWS(likewise::usable_rows({shop.center.data(), 20, kDim, kDim}, 2),
               std::invalid_argument);
  const auto usable = likewise::usable_rows({shop.others.data(), 20, kDim, kDim}, 2);
  for (std::size_t i = 0; i < 20; ++i) CHECK(usable[i] == (i % 6 == 0 ? 0 : 1));
}

}  // namespace

int main() {
  items_are_their_definition();
  places_choose_texts();
  what_cancels_out_is_nothing();
  what_does_not_fit_is_refused();
  return likewise_check::failures();
}
