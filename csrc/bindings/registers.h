// registers.h: what each register_*.cpp adds to the extension module.
#pragma once

#include <pybind11/pybind11.h>

namespace likewise::bindings {

void register_options(pybind11::module_& m);
void register_kernels(pybind11::module_& m);
void register_features(pybind11::module_& m);
void register_composer(pybind11::module_& m);
void register_training(pybind11::module_& m);
void register_retrieval(pybind11::module_& m);
void register_co_occurrence(pybind11::module_& m);
void register_pairs(pybind11::module_& m);
void register_score(pybind11::module_& m);
void register_tables(pybind11::module_& m);
void register_checksums(pybind11::module_& m);

}  // namespace likewise::bindings
