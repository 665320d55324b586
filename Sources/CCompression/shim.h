// zlib and Zstandard, for request bodies with a Content-Encoding.
#ifndef OSPREY_CCOMPRESSION_H
#define OSPREY_CCOMPRESSION_H

#include <zlib.h>
#include <zstd.h>

/// Starts inflating: `window_bits` as for inflateInit2, which is a macro.
static inline int ccompression_start(z_stream *stream, int window_bits) { return inflateInit2(stream, window_bits); }

#endif
