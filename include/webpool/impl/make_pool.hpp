#pragma once

#include <memory>
#include <webpool/engine/decisions.hpp>
#include <webpool/impl/pool_interface.hpp>
#include <webpool/options.hpp>

// `WEBPOOL_DECL` marks what is inline in the header-only mode, and compiled once otherwise.
#ifdef WEBPOOL_COMPILED
#define WEBPOOL_DECL
#else
#define WEBPOOL_DECL inline
#endif

namespace webpool::impl {

#ifdef WEBPOOL_COMPILED
// The name is what a linker prints where the library is missing.
inline namespace link_webpool_compiled_or_include_webpool_src_hpp_in_one_file {
#else
inline namespace header_only {
#endif

/// The one function through which policies reach everything else: listens and launches the first browsers, as
/// `ResourcePool`'s constructor says.
WEBPOOL_DECL std::shared_ptr<PoolInterface> make_pool(PoolOptions options, std::unique_ptr<engine::Decisions> policies);

}  // namespace
}  // namespace webpool::impl

// A program that mixes the two modes does not link: one mode's symbol of this name is thread-local, the other's is not.
// (After link-time optimisation, which sees the symbol of only one mode, some linkers say nothing.)
#ifdef __ELF__
extern "C" {
#ifndef WEBPOOL_COMPILED
[[gnu::used]] inline thread_local const char webpool_header_only_and_compiled_are_mixed = 0;
#elif defined(WEBPOOL_SOURCE)
extern const char webpool_header_only_and_compiled_are_mixed;
const char webpool_header_only_and_compiled_are_mixed = 0;
#endif
}
#endif
