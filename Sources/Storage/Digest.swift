internal import Basics
internal import Crypto

package enum Digest {
    /// Returns the SHA-256 of `bytes` as 64 lowercase hexadecimal digits.
    package static func sha256(of bytes: [UInt8]) -> String {
        var hash = SHA256()
        bytes.withUnsafeBytes { hash.update(bufferPointer: $0) }
        return hash.finalize().hexadecimal
    }
}
