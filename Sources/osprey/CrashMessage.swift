internal import Glibc

/// Runs `body`; if a signal like that of a division by zero ends the process meanwhile, `message` explains it.
///
/// For commands, which lose nothing when a file ends them. A service tries such files in a process of its own.
/// Not for several threads at a time.
func withCrashMessage<Result>(_ message: String, _ body: () throws -> Result) rethrows -> Result {
    let bytes = Array("\(message)\n".utf8)
    return try bytes.withUnsafeBytes { bytes in
        crashMessage = bytes
        var previous: [(signal: Int32, action: sigaction)] = []
        // A stack that overflowed cannot run the handler.
        var stack = stack_t()
        stack.ss_size = 1 << 16
        stack.ss_sp = .allocate(byteCount: stack.ss_size, alignment: 16)
        var previousStack = stack_t()
        sigaltstack(&stack, &previousStack)
        for signal in [SIGFPE, SIGSEGV, SIGBUS, SIGILL, SIGABRT] {
            var action = sigaction()
            action.__sigaction_handler.sa_handler = { _ in
                write(STDERR_FILENO, crashMessage.baseAddress, crashMessage.count)
                _exit(1)
            }
            action.sa_flags = SA_ONSTACK
            var before = sigaction()
            sigaction(signal, &action, &before)
            previous.append((signal, before))
        }
        defer {
            for (signal, var action) in previous { sigaction(signal, &action, nil) }
            sigaltstack(&previousStack, nil)
            stack.ss_sp.deallocate()
            crashMessage = UnsafeRawBufferPointer(start: nil, count: 0)
        }
        return try body()
    }
}

/// The message for the signal handler, which can capture nothing.
private nonisolated(unsafe) var crashMessage = UnsafeRawBufferPointer(start: nil, count: 0)
