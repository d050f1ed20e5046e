#pragma once

// The whole of webpool: the core, the WebSocket transport, the browsers, and the pool.

#include <webpool/core.hpp>
#include <webpool/impl/resource_pool.hpp>
#include <webpool/kernels/log_mel.hpp>
#include <webpool/model.hpp>
#include <webpool/resource_pool.hpp>
#include <webpool/token_stream.hpp>
