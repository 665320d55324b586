#ifndef CPIXELS_DISPATCH_H
#define CPIXELS_DISPATCH_H

#include <stdint.h> // Defines __GLIBC__ with glibc.

/// Compiles a kernel for several generations of x86; the loader chooses one for the machine.
///
/// Elsewhere the baseline is good enough (NEON on ARM), or the loader cannot choose: musl has no indirect functions,
/// and the thread sanitizer is not yet initialised when they are resolved.
#if defined(__x86_64__) && defined(__GLIBC__) && !__has_feature(thread_sanitizer)
#define DISPATCHED __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4")))
#else
#define DISPATCHED
#endif

#endif
