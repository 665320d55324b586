#ifndef CPROCESS_SHIM_H
#define CPROCESS_SHIM_H

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <unistd.h>

// glibc declares these functions only for _GNU_SOURCE, which Swift does not set.
extern int pipe2(int ends[2], int flags);
extern int prlimit(pid_t process, int resource, const struct rlimit *new_limit, struct rlimit *old_limit);

/// Makes a pipe that other processes do not inherit.
///
/// @return 0, or -1 with `errno`.
static inline int cprocess_pipe(int ends[2])
{
    return pipe2(ends, O_CLOEXEC);
}

/// Makes a pipe hold more bytes, if the system allows that.
static inline void cprocess_widen_pipe(int file, int bytes)
{
    enum { f_setpipe_sz = 1031 };
    (void)fcntl(file, f_setpipe_sz, bytes);
}

/// Limits the address space of a process, disables its core dumps, and lowers the priority of its whole group.
static inline void cprocess_limit(pid_t process, size_t bytes, int niceness)
{
    const struct rlimit memory = {bytes, bytes}, none = {0, 0};
    (void)prlimit(process, RLIMIT_AS, &memory, NULL);
    (void)prlimit(process, RLIMIT_CORE, &none, NULL);
    (void)setpriority(PRIO_PGRP, (id_t)process, niceness);
}

#endif
