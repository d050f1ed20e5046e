// What ThreadSanitizer can't see in this test program.

#if defined(__SANITIZE_THREAD__)  // GCC's; first, because some libraries define `__has_feature` for it
#define WEBPOOL_THREAD_SANITIZER
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define WEBPOOL_THREAD_SANITIZER
#endif
#endif

#ifdef WEBPOOL_THREAD_SANITIZER
// libstdc++ counts the owners of an exception inside its shared library, which is not instrumented: an error that one
// thread makes and another one catches last looks like a race.
extern "C" const char* __tsan_default_suppressions() {
  return "race:std::__exception_ptr::exception_ptr::_M_release\n";
}
#endif
