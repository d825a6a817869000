// register_retrieval.cpp: placeholder until its part is built.
#include "bindings/registers.h"

namespace likewise::bindings {

void register_retrieval(pybind11::module_&) {}

}  // namespace likewise::bindings
