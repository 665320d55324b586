/// Where the pixels of a decoded picture are written.
package struct PixelMemory {
    /// Returns memory for a number of bytes, which outlives the picture; nil if there is too little.
    let allocate: (Int) -> UnsafeMutablePointer<UInt8>?

    package init(_ allocate: @escaping (Int) -> UnsafeMutablePointer<UInt8>?) {
        self.allocate = allocate
    }
}
