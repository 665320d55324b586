internal import CProcess
internal import Glibc
internal import Subprocess
internal import Synchronization
internal import SystemPackage

/// A pipe whose ends other processes do not inherit by themselves.
struct Pipe {
    let reading: PipeEnd
    let writing: PipeEnd

    /// - Throws: ``VideoError`` if the system has no more files.
    init() throws(VideoError) {
        var ends: [CInt] = [-1, -1]
        guard cprocess_pipe(&ends) == 0 else {
            throw VideoError(.unreadable, "cannot be read: \(String(cString: strerror(errno)))")
        }
        (reading, writing) = (PipeEnd(ends[0]), PipeEnd(ends[1]))
    }
}

/// One end of a pipe or socket, closed when it is released or before.
final class PipeEnd: Sendable {
    let file: CInt
    private let isClosed = Atomic<Bool>(false)

    init(_ file: CInt) {
        self.file = file
    }

    deinit { close() }

    func close() {
        if !isClosed.exchange(true, ordering: .relaxed) { Glibc.close(file) }
    }

    /// The end as a process's standard input; this process's copy stays open.
    var input: FileDescriptorInput {
        .fileDescriptor(FileDescriptor(rawValue: file), closeAfterSpawningProcess: false)
    }

    /// The end as a process's standard output or error; this process's copy stays open.
    var output: FileDescriptorOutput {
        .fileDescriptor(FileDescriptor(rawValue: file), closeAfterSpawningProcess: false)
    }
}
