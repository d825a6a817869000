// register_features.cpp: text to features. Strings come as Arrow offsets and bytes.
#include <pybind11/pybind11.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bindings/arrays.h"
#include "bindings/options_from_dict.h"
#include "bindings/registers.h"
#include "core/text/feature_table.h"
#include "core/text/hashing.h"
#include "core/text/kinds.h"
#include "core/text/markup.h"
#include "core/text/ngrams.h"
#include "core/text/unicode_tables.h"
#include "core/text/words.h"

namespace likewise::bindings {
namespace {

Recipe recipe_from_dict(const py::dict& given) {
  Recipe recipe;
  visit_recipe(recipe, [&](const char* name, auto& field) {
    if (!given.contains(name)) throw py::value_error(std::string("recipe lacks ") + name);
    read_option(name, given[name], field);
  });
  return recipe;
}

StringColumn string_column(const char* offsets_name, const py::array& offsets,
                           const char* bytes_name, const py::array& bytes) {
  const StringColumn column{vector_view<std::int64_t>(offsets_name, offsets),
                            vector_view<std::uint8_t>(bytes_name, bytes)};
  if (column.offsets.empty()) {
    throw py::value_error(std::string(offsets_name) + " must have at least 1 value, got none");
  }
  return column;
}

/// But for the number of buckets.
py::dict to_dict(FeatureTable&& table) {
  py::dict out;
  out["item_offsets"] = to_numpy(std::move(table.item_offsets));
  out["item_tokens"] = to_numpy(std::move(table.item_tokens));
  out["item_kinds"] = to_numpy(std::move(table.item_kinds));
  out["token_hashes"] = to_numpy(std::move(table.token_hashes));
  out["token_namespaces"] = to_numpy(std::move(table.token_namespaces));
  out["ngram_offsets"] = to_numpy(std::move(table.ngram_offsets));
  out["ngram_rows"] = to_numpy(std::move(table.ngram_rows));
  return out;
}

py::dict build(const py::array& category_offsets, const py::array& category_bytes,
               const py::array& name_offsets, const py::array& name_bytes,
               const py::dict& recipe_dict, int threads) {
  const StringColumn categories =
      string_column("category_offsets", category_offsets, "category_bytes", category_bytes);
  const StringColumn names = string_column("name_offsets", name_offsets, "name_bytes", name_bytes);
  const Recipe recipe = recipe_from_dict(recipe_dict);
  FeatureTable table;
  {
    py::gil_scoped_release without_gil;
    table = build_features(categories, names, recipe, threads);
  }
  const std::int64_t buckets = table.buckets;
  py::dict out = to_dict(std::move(table));
  out["buckets"] = buckets;
  return out;
}

/// The arrays of Features without entries of kinds that are not in `kinds`, a bit each.
py::dict keep(const py::array& item_offsets, const py::array& item_tokens,
              const py::array& item_kinds, const py::array& token_hashes,
              const py::array& token_namespaces, const py::array& ngram_offsets,
              const py::array& ngram_rows, std::uint32_t kinds) {
  const FeatureSpans features{vector_view<std::int64_t>("item_offsets", item_offsets),
                              vector_view<std::int32_t>("item_tokens", item_tokens),
                              vector_view<std::uint8_t>("item_kinds", item_kinds),
                              vector_view<std::uint64_t>("token_hashes", token_hashes),
                              vector_view<std::uint8_t>("token_namespaces", token_namespaces),
                              vector_view<std::int64_t>("ngram_offsets", ngram_offsets),
                              vector_view<std::int32_t>("ngram_rows", ngram_rows)};
  FeatureTable table;
  {
    py::gil_scoped_release without_gil;
    table = keep_kinds(features, kinds);
  }
  return to_dict(std::move(table));
}

py::list list_tokens(const std::string& category, const std::string& name, const py::dict& recipe) {
  py::list out;
  for (const Token& token : tokens_of(category, name, recipe_from_dict(recipe))) {
    out.append(py::make_tuple(static_cast<int>(token.kind), token.text, token.hash));
  }
  return out;
}

py::list list_ngrams(const std::string& word, const py::dict& recipe_dict) {
  const Recipe recipe = recipe_from_dict(recipe_dict);
  check(recipe);
  NgramReader reader(recipe);
  py::list out;
  for (const Ngram& ngram : reader.read(word)) {
    out.append(py::make_tuple(std::string(ngram.text), ngram.hash));
  }
  return out;
}

py::array_t<std::uint8_t> code_point_classes() {
  std::vector<std::uint8_t> classes(0x110000);
  for (std::size_t code = 0; code < classes.size(); ++code) {
    classes[code] = static_cast<std::uint8_t>(unicode::entry(static_cast<char32_t>(code)).kind());
  }
  return to_numpy(std::move(classes));
}

}  // namespace

void register_features(py::module_& m) {
  m.def("recipe_defaults", [] {
    py::dict defaults;
    const Recipe recipe;
    visit_recipe(recipe, [&](const char* name, const auto& value) { defaults[name] = value; });
    return defaults;
  });
  m.def(
      "check_recipe", [](const py::dict& recipe) { check(recipe_from_dict(recipe)); },
      py::arg("recipe"));
  m.def("build_features", &build, py::arg("category_offsets"), py::arg("category_bytes"),
        py::arg("name_offsets"), py::arg("name_bytes"), py::arg("recipe"), py::arg("threads"));
  m.def("keep_kinds", &keep, py::arg("item_offsets"), py::arg("item_tokens"), py::arg("item_kinds"),
        py::arg("token_hashes"), py::arg("token_namespaces"), py::arg("ngram_offsets"),
        py::arg("ngram_rows"), py::arg("kinds"));
  m.def("tokens_of", &list_tokens, py::arg("category"), py::arg("name"), py::arg("recipe"));
  m.def("character_ngrams", &list_ngrams, py::arg("word"), py::arg("recipe"));
  m.def(
      "normalise", [](const std::string& text) { return TextReader().normalised(text); },
      py::arg("text"));
  m.def(
      "without_markup",
      [](const std::string& text) { return std::string(MarkupReader().read(text)); },
      py::arg("text"));
  m.def(
      "hash64",
      [](const py::bytes& bytes, std::uint64_t seed) {
        return hash64(std::string_view(bytes), seed);
      },
      py::arg("data"), py::arg("seed"));
  m.def("code_point_classes", &code_point_classes);
  m.attr("unicode_version") = unicode::kVersion;
}

}  // namespace likewise::bindings
