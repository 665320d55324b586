#define _GNU_SOURCE
#include "CSandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/// File of the control socket in the started program.
enum { control_file = 3, maximum_files = 2 };

pid_t csandbox_spawn(const char *path, char *const arguments[], char *const environment[], int socket)
{
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, socket, control_file);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addclosefrom_np(&actions, control_file + 1);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    // A group of its own: a Ctrl-C is meant for the service, which finishes its requests first.
    posix_spawnattr_setpgroup(&attributes, 0);
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
    pid_t process = -1;
    int error = posix_spawn(&process, path, &actions, &attributes, arguments, environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    errno = error;
    return error == 0 ? process : -1;
}

int csandbox_socket_pair(int sockets[2])
{
    return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets);
}

bool csandbox_send(int socket, const void *bytes, size_t count, const int *files, size_t file_count)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(maximum_files * sizeof(int))];
    } control = {0};
    struct iovec content = {.iov_base = (void *)bytes, .iov_len = count};
    struct msghdr message = {.msg_iov = &content, .msg_iovlen = 1};
    if (file_count > 0 && file_count <= maximum_files) {
        message.msg_control = &control;
        message.msg_controllen = CMSG_SPACE(file_count * sizeof(int));
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(file_count * sizeof(int));
        memcpy(CMSG_DATA(header), files, file_count * sizeof(int));
    }
    ssize_t sent;
    do
        sent = sendmsg(socket, &message, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent == (ssize_t)count;
}

int csandbox_receive(int socket, void *bytes, size_t count, int *files, size_t file_count, int timeout_milliseconds)
{
    for (size_t index = 0; index < file_count; index++)
        files[index] = -1;
    struct pollfd waiting = {.fd = socket, .events = POLLIN};
    int ready = poll(&waiting, 1, timeout_milliseconds);
    if (ready == 0 || (ready < 0 && errno == EINTR))
        return 0;
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(maximum_files * sizeof(int))];
    } control = {0};
    struct iovec content = {.iov_base = bytes, .iov_len = count};
    struct msghdr message = {
        .msg_iov = &content,
        .msg_iovlen = 1,
        .msg_control = &control,
        .msg_controllen = sizeof control,
    };
    ssize_t received;
    do
        received = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    while (received < 0 && errno == EINTR);
    size_t kept = 0;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
            continue;
        size_t arrived = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t index = 0; index < arrived; index++) {
            int file;
            memcpy(&file, CMSG_DATA(header) + index * sizeof(int), sizeof file);
            if (kept < file_count)
                files[kept++] = file;
            else
                close(file);
        }
    }
    if (received <= 0)
        return -1;
    return received == (ssize_t)count && !(message.msg_flags & MSG_TRUNC) ? 1 : -2;
}

static const int ignored_signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE};

/// Answer to a request for a process.
typedef struct {
    int32_t process;
} csandbox_started;

int csandbox_fork_on_demand(int control)
{
    // Nobody waits for the processes: the kernel removes them when they end.
    signal(SIGCHLD, SIG_IGN);
    // A supervisor may signal every process of the service, which still finishes its requests. The processes end when
    // their sockets close.
    for (size_t index = 0; index < sizeof ignored_signals / sizeof *ignored_signals; index++)
        signal(ignored_signals[index], SIG_IGN);
    for (;;) {
        char request;
        int socket = -1;
        int result = csandbox_receive(control, &request, sizeof request, &socket, 1, -1);
        if (result < 0)
            // The service has ended: its ends of the other sockets are closed, too, which ends the processes.
            _exit(0);
        if (result == 0 || socket < 0)
            continue;
        // A process that ends before its pidfd is opened would leave its id to another one; it waits for the pair.
        int go[2];
        if (pipe2(go, O_CLOEXEC) != 0) {
            close(socket);
            continue;
        }
        pid_t process = fork();
        if (process == 0) {
            char byte;
            close(control);
            close(go[1]);
            while (read(go[0], &byte, 1) < 0 && errno == EINTR)
                ;
            close(go[0]);
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            signal(SIGCHLD, SIG_DFL);
            return socket;
        }
        int pidfd = process > 0 ? (int)syscall(SYS_pidfd_open, process, 0) : -1;
        csandbox_started started = {.process = process};
        csandbox_send(control, &started, sizeof started, &pidfd, pidfd >= 0 ? 1 : 0);
        close(go[0]);
        close(go[1]);
        if (pidfd >= 0)
            close(pidfd);
        close(socket);
    }
}

pid_t csandbox_request(int control, int socket, int *pidfd)
{
    char request = 0;
    csandbox_started started = {.process = -1};
    *pidfd = -1;
    if (!csandbox_send(control, &request, sizeof request, &socket, 1))
        return -1;
    if (csandbox_receive(control, &started, sizeof started, pidfd, 1, 10000) != 1)
        return -1;
    return started.process;
}

void csandbox_kill(pid_t process, int pidfd)
{
    if (pidfd >= 0)
        syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
    else if (process > 1)
        kill(process, SIGKILL);
}

unsigned csandbox_leave_namespaces(void)
{
    int own = CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS;
    // Without privileges, only a user namespace of its own gives the right to the others.
    return unshare(own) == 0 || unshare(CLONE_NEWUSER | own) == 0 ? CSANDBOX_NAMESPACES : 0;
}

static void limit(int resource, rlim_t value)
{
    struct rlimit limits = {.rlim_cur = value, .rlim_max = value};
    setrlimit(resource, &limits);
}

/// Address space in use, in bytes.
static size_t address_space(void)
{
    size_t pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file)
        return 0;
    if (fscanf(file, "%zu", &pages) != 1)
        pages = 0;
    fclose(file);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

/// Calls that decoding needs: memory, threads, time, and the sockets and files that are already open.
static const int allowed_calls[] = {
    SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(writev), SCMP_SYS(recvmsg), SCMP_SYS(sendmsg), SCMP_SYS(poll),
    SCMP_SYS(ppoll), SCMP_SYS(close), SCMP_SYS(lseek), SCMP_SYS(fstat),
    SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise),
    SCMP_SYS(futex), SCMP_SYS(set_robust_list), SCMP_SYS(rseq), SCMP_SYS(sched_yield), SCMP_SYS(sched_getaffinity),
    SCMP_SYS(gettid), SCMP_SYS(getpid), SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(restart_syscall),
    SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(sigaltstack), SCMP_SYS(tgkill),
    SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres), SCMP_SYS(clock_nanosleep), SCMP_SYS(nanosleep),
    SCMP_SYS(gettimeofday), SCMP_SYS(getrandom), SCMP_SYS(getrusage), SCMP_SYS(prlimit64), SCMP_SYS(setrlimit),
    SCMP_SYS(getrlimit), SCMP_SYS(membarrier),
};

static bool filter_calls(void)
{
    // Refused calls fail, so that libraries do without what they asked for.
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    if (!filter)
        return false;
    bool is_complete = true;
    for (size_t index = 0; index < sizeof allowed_calls / sizeof *allowed_calls; index++) {
        // Not every call exists on every architecture.
        int result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed_calls[index], 0);
        is_complete = is_complete && (result == 0 || result == -EDOM);
    }
    // Memory that is never executable, and threads but no processes. The flags of clone3 cannot be seen; without it,
    // glibc uses clone.
    is_complete = is_complete
        && seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)) == 0
        && seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
                            SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)) == 0
        && seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
                            SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD)) == 0
        && seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0) == 0
        && seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1, SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME)) == 0
        && seccomp_load(filter) == 0;
    seccomp_release(filter);
    return is_complete;
}

unsigned csandbox_fence(size_t memory_bytes)
{
    unsigned fences = 0;
    size_t used = address_space();
    if (used > 0) {
        limit(RLIMIT_AS, used + memory_bytes);
        limit(RLIMIT_FSIZE, 0);
        limit(RLIMIT_CORE, 0);
        limit(RLIMIT_NOFILE, 16);
        fences |= CSANDBOX_LIMITS;
    }
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0)
        fences |= CSANDBOX_NOT_DUMPABLE;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
        fences |= CSANDBOX_NO_NEW_PRIVILEGES;
    if (filter_calls())
        fences |= CSANDBOX_SECCOMP;
    return fences;
}

void csandbox_limit_cpu(unsigned seconds)
{
    struct rusage usage;
    struct rlimit limits;
    if (getrusage(RUSAGE_SELF, &usage) != 0 || getrlimit(RLIMIT_CPU, &limits) != 0)
        return;
    rlim_t used = (rlim_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec);
    // SIGXCPU ends the process.
    limits.rlim_cur = used + 1 + seconds;
    setrlimit(RLIMIT_CPU, &limits);
}

size_t csandbox_peak_bytes(void)
{
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) == 0 ? (size_t)usage.ru_maxrss * 1024 : 0;
}

int csandbox_memory(size_t count)
{
    int file = memfd_create("osprey", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (file < 0)
        return -1;
    if (ftruncate(file, (off_t)count) == 0 && fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0)
        return file;
    int error = errno;
    close(file);
    errno = error;
    return -1;
}
