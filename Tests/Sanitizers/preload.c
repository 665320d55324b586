// Preloaded by Scripts/sanitize: tells sanitizers what they cannot see.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

// Absent from programs without the sanitizer, which inherit the environment.
void __tsan_acquire(void *address) __attribute__((weak));
void __tsan_release(void *address) __attribute__((weak));
void __lsan_do_leak_check(void) __attribute__((weak));

// Osprey ends without exit handlers, one of which would look for leaks.
void _exit(int status)
{
    if (__lsan_do_leak_check)
        __lsan_do_leak_check();
    syscall(SYS_exit_group, status);
    abort();
}

// C++'s new. That of libstdc++ has no frame pointer, so that reports would not say who called it.
static void *allocate(size_t count)
{
    void *memory = malloc(count);
    if (!memory)
        abort();
    return memory;
}

void *new_object(size_t count) __asm__("_Znwm");
void *new_array(size_t count) __asm__("_Znam");

void *new_object(size_t count)
{
    return allocate(count);
}

void *new_array(size_t count)
{
    return allocate(count);
}

// Contended Mutexes. Swift compiles their fast path into the program, where ThreadSanitizer sees it. The slow path is in
// libswiftSynchronization.so: what a thread did before it unlocked would count as a race with the thread that waited.

#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

#define swift __attribute__((swiftcall))
#define context __attribute__((swift_context))

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
