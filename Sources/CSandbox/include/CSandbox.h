#ifndef CSANDBOX_H
#define CSANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// Processes that decode untrusted pictures: one process starts them, each behind fences, and connects them to the
// service with a socket. Swift cannot call fork, and must not run between fork and the fences.

/// The fences of a process.
enum {
    /// Only a short list of system calls: no files, no network, no processes, no code that was not there.
    CSANDBOX_SECCOMP = 1,
    /// Namespaces of its own for network, mounts, IPC and host names.
    CSANDBOX_NAMESPACES = 2,
    /// No privileges by executing files.
    CSANDBOX_NO_NEW_PRIVILEGES = 4,
    /// Limits on memory, files and processes; CPU time is limited for each picture.
    CSANDBOX_LIMITS = 8,
    /// No memory dumps, and no tracing by processes of the same user.
    CSANDBOX_NOT_DUMPABLE = 16,
};

/// A picture to decode. Files come with it: memory with its bytes and, unless only the header is read, for its pixels.
typedef struct {
    /// Number of bytes of the encoded picture.
    uint64_t byte_count;
    uint64_t maximum_bytes;
    uint64_t maximum_pixels;
    /// Length in pixels to which the longer side will be scaled.
    uint64_t side;
    /// CPU time in seconds, at least 1.
    uint32_t cpu_seconds;
    /// Whether only the header is read.
    uint8_t only_header;
    uint8_t ignores_profile;
    uint8_t accepts_truncated;
    uint8_t padding;
} csandbox_job;

/// The result of a job. Comes from a process that a picture may have taken over, so that it must be checked.
typedef struct {
    /// Size of the upright picture in pixels.
    uint64_t width, height;
    uint32_t reduction;
    uint32_t is_truncated;
    /// Memory that the process has used at most, in bytes.
    uint64_t peak_bytes;
    /// Code and message of an error; both empty on success. UTF-8, not terminated.
    uint32_t code_count, message_count;
    char code[32];
    char message[400];
    char format[8];
} csandbox_reply;

/// Starts a program with a socket as file 3, without any other file; its standard streams lead nowhere.
///
/// @return The process, or -1 with `errno`.
pid_t csandbox_spawn(const char *path, char *const arguments[], char *const environment[], int socket);

/// Creates a pair of connected sockets that keep messages apart; closed on exec.
int csandbox_socket_pair(int sockets[2]);

/// Forks a process for each message with a socket that arrives, until the sender closes its side.
///
/// Answers each with a message that holds the process's id, and its pidfd if the system has them.
/// @param control Socket to the service.
/// @return Only in the new processes: the socket that came with the message.
int csandbox_fork_on_demand(int control);

/// Requests a process from a process in `csandbox_fork_on_demand`.
///
/// @param socket The new process's end of a pair; may be closed afterwards.
/// @param pidfd Receives the process's pidfd, or -1.
/// @return The process's id, or -1.
pid_t csandbox_request(int control, int socket, int *pidfd);

/// Kills a process by its pidfd, or by its id without one.
void csandbox_kill(pid_t process, int pidfd);

/// Moves this process into namespaces of its own, if the system allows that.
///
/// @return `CSANDBOX_NAMESPACES` or 0.
unsigned csandbox_leave_namespaces(void);

/// Puts up the other fences, for good.
///
/// @param memory_bytes Address space in addition to what is in use.
/// @return The fences that stand.
unsigned csandbox_fence(size_t memory_bytes);

/// Ends this process when it has used this much more CPU time; limits of earlier calls are replaced.
void csandbox_limit_cpu(unsigned seconds);

/// Peak of the resident memory of this process, in bytes.
size_t csandbox_peak_bytes(void);

/// Makes anonymous shared memory that no process can resize; -1 with `errno` on failure.
int csandbox_memory(size_t count);

/// Sends a message with files; false if the other side is gone.
bool csandbox_send(int socket, const void *bytes, size_t count, const int *files, size_t file_count);

/// Receives a message of exactly `count` bytes with up to `file_count` files; missing ones become -1.
///
/// @param timeout_milliseconds -1 waits without limit.
/// @return 1 if it arrived, 0 after the time, -1 if the other side is gone, -2 if the message has another size.
int csandbox_receive(int socket, void *bytes, size_t count, int *files, size_t file_count, int timeout_milliseconds);

#endif
