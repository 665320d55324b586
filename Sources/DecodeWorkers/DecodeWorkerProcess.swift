internal import CSandbox
internal import Glibc
internal import Imaging

/// The other side: a process that decodes the pictures that it receives, behind its fences.
package enum DecodeWorkerProcess {
    /// Program and arguments; the memory in bytes follows.
    package static let command = ["osprey", "decode-worker"]

    /// Runs the process that starts the others, and then each of them; never returns.
    ///
    /// - Parameters:
    ///   - arguments: Those of the process: program, command, and memory in bytes.
    ///   - prepare: Called with each picture and the socket behind the fences, before it is decoded; for tests.
    package static func run(_ arguments: [String], prepare: (RawSpan, CInt) -> Void = { _, _ in }) -> Never {
        guard arguments.count == 3, let memoryBytes = Int(arguments[2]), memoryBytes > 0 else { _exit(EX_USAGE) }
        PictureCodecs.start()
        let namespaces = csandbox_leave_namespaces()
        let socket = csandbox_fork_on_demand(3)
        var fences = csandbox_fence(memoryBytes) | namespaces
        guard csandbox_send(socket, &fences, MemoryLayout<UInt32>.size, nil, 0) else { _exit(EX_OK) }
        while true { answerOne(socket, prepare) }
    }

    private static func answerOne(_ socket: CInt, _ prepare: (RawSpan, CInt) -> Void) {
        var job = csandbox_job()
        var files: [CInt] = [-1, -1]
        let size = MemoryLayout<csandbox_job>.size
        guard csandbox_receive(socket, &job, size, &files, files.count, -1) == 1 else { _exit(EX_OK) }
        csandbox_limit_cpu(job.cpu_seconds)
        var reply = csandbox_reply()
        do throws(ImageError) {
            try decode(job, input: files[0], output: files[1], &reply) { prepare($0, socket) }
        } catch {
            reply.code_count = copy(error.code.rawValue, to: &reply.code)
            reply.message_count = copy(error.message, to: &reply.message)
        }
        reply.peak_bytes = UInt64(csandbox_peak_bytes())
        for file in files where file >= 0 { close(file) }
        guard csandbox_send(socket, &reply, MemoryLayout<csandbox_reply>.size, nil, 0) else { _exit(EX_OK) }
    }

    private static func decode(
        _ job: csandbox_job,
        input: CInt,
        output: CInt,
        _ reply: inout csandbox_reply,
        prepare: (RawSpan) -> Void
    ) throws(ImageError) {
        let count = Int(job.byte_count)
        var start: UnsafeMutableRawPointer?
        if count > 0 {
            start = mmap(nil, count, PROT_READ, MAP_SHARED | MAP_POPULATE, input, 0)
            guard start != MAP_FAILED else { throw ImageError(.tooLarge, "the picture needs too much memory") }
        }
        defer { if let start { munmap(start, count) } }
        let bytes = RawSpan(_unsafeBytes: UnsafeRawBufferPointer(start: start, count: count))
        prepare(bytes)
        let limits = ImageLimits(
            maximumBytes: Int(clamping: job.maximum_bytes),
            maximumPixels: Int(clamping: job.maximum_pixels)
        )
        if job.only_header != 0 {
            let info = try ImageInfo(reading: bytes, limits: limits)
            (reply.width, reply.height) = (UInt64(info.width), UInt64(info.height))
            _ = copy(info.format.name, to: &reply.format)
            return
        }
        let options = DecodingOptions(
            limits: limits,
            embeddedProfile: job.ignores_profile != 0 ? .ignore : .apply,
            acceptsTruncated: job.accepts_truncated != 0
        )
        var mapped: (start: UnsafeMutableRawPointer, count: Int)?
        defer { if let mapped { munmap(mapped.start, mapped.count) } }
        let memory = PixelMemory { count in
            let flags = MAP_SHARED | MAP_POPULATE
            guard let start = mmap(nil, count, PROT_READ | PROT_WRITE, flags, output, 0), start != MAP_FAILED else {
                return nil
            }
            mapped = (start, count)
            return start.assumingMemoryBound(to: UInt8.self)
        }
        let image = try ReducedImage.decode(bytes, options, forSide: Int(clamping: job.side), into: memory)
        (reply.width, reply.height) = (UInt64(image.width), UInt64(image.height))
        reply.reduction = UInt32(image.reduction)
        reply.is_truncated = image.isTruncated ? 1 : 0
    }

    /// Copies as much of a text as fits, and returns the number of bytes.
    private static func copy<Field>(_ text: String, to field: inout Field) -> UInt32 {
        withUnsafeMutableBytes(of: &field) { bytes in
            let text = text.utf8.prefix(bytes.count)
            bytes.copyBytes(from: text)
            return UInt32(text.count)
        }
    }
}
