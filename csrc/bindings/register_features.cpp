// register_features.cpp: placeholder until its part is built.
#include "bindings/registers.h"

namespace likewise::bindings {

void register_features(pybind11::module_&) {}

}  // namespace likewise::bindings
