#pragma once

// The whole of webpool: the core, the WebSocket transport, the browsers, and the pool.

#include <webpool/async.hpp>
#include <webpool/core.hpp>
#include <webpool/kernels/log_mel.hpp>
#include <webpool/model.hpp>
#include <webpool/pool.hpp>
#include <webpool/resource_pool.hpp>
#include <webpool/token_stream.hpp>

// With WEBPOOL_COMPILED, only the file that includes src.hpp compiles what stands behind the pool.
#if !defined(WEBPOOL_COMPILED) || defined(WEBPOOL_SOURCE)
#define WEBPOOL_SOURCE_INCLUDED
#include <webpool/impl/pool_impl.hpp>
#include <webpool/impl/resource_pool.hpp>
#include <webpool/transport/loopback.hpp>
#endif
