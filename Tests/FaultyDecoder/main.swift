import DecodeWorkers
import Glibc

/// Does what a picture that takes over its decoder could try; the picture is a PPM whose width is the name of the fault.
func misbehave(_ bytes: RawSpan, _ socket: CInt) {
    let word = bytes.withUnsafeBytes { String(decoding: $0.prefix(16).dropFirst(3).prefix { $0 != 10 }, as: UTF8.self) }
    switch word {
    case "crash": UnsafeMutablePointer<Int>(bitPattern: 8)?.pointee = 1
    case "overflow": print(recurse(1))
    case "hang": sleep(3600)
    case "spin": while true { sched_yield() }
    case "exit": exit(0)
    case "allocate": allocate()
    case "garbage": _ = write(socket, "garbage", 7)
    case "file": report(open("/etc/passwd", O_RDONLY), socket)
    case "write": report(open("/tmp/osprey-fault", O_WRONLY | O_CREAT, 0o600), socket)
    case "socket": report(Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0), socket)
    case "process": report(posix_spawn(nil, "/bin/true", nil, nil, [nil], nil) == 0 ? 0 : -1, socket)
    case "code":
        let page = mmap(nil, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        report(page == MAP_FAILED ? -1 : 0, socket)
    case "signal": report(kill(getppid(), SIGTERM), socket)
    default: break
    }
}

/// Ends the process if a fence holds; otherwise hangs, so that a test sees the difference.
func report(_ result: CInt, _ socket: CInt) {
    if result >= 0 { sleep(3600) }
    exit(0)
}

func recurse(_ depth: Int) -> Int {
    depth == 0 ? 0 : recurse(depth + 1) + getpid().hashValue
}

func allocate() {
    while true {
        guard let memory = malloc(1 << 24) else { abort() }
        memset(memory, 1, 1 << 24)
    }
}

DecodeWorkerProcess.run(CommandLine.arguments, prepare: misbehave)
