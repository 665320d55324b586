// Preloaded by Scripts/sanitize: tells ThreadSanitizer about contended Mutexes. Swift compiles their fast path into the
// program, where the sanitizer sees it. The slow path is in libswiftSynchronization.so, which it does not: what a thread
// did before it unlocked would count as a race with the thread that waited.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>

#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

#define swift __attribute__((swiftcall))
#define context __attribute__((swift_context))

// Absent from programs without the sanitizer, which inherit the environment.
void __tsan_acquire(void *address) __attribute__((weak));
void __tsan_release(void *address) __attribute__((weak));

swift void lock(uint32_t thread, context void *mutex) __asm__(LOCK);
swift void unlock(context void *mutex) __asm__(UNLOCK);

typedef swift void (*lock_function)(uint32_t, context void *);
typedef swift void (*unlock_function)(context void *);

static void *find(const char *name)
{
    void *function = dlsym(RTLD_NEXT, name);
    if (!function)
        abort();
    return function;
}

swift void lock(uint32_t thread, context void *mutex)
{
    ((lock_function)find(LOCK))(thread, mutex);
    if (__tsan_acquire)
        __tsan_acquire(mutex);
}

swift void unlock(context void *mutex)
{
    if (__tsan_release)
        __tsan_release(mutex);
    ((unlock_function)find(UNLOCK))(mutex);
}
