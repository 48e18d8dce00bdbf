// SPDX-License-Identifier: Apache-2.0
// A file that a full disk keeps HDF5 from closing stays open inside the library: the tests of that leave it
// so.
#ifdef __SANITIZE_ADDRESS__
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() {
  return "leak:libhdf5";
}
#endif
