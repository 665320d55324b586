/// Resolves the tensor storages of a checkpoint in its archive.
struct StorageReader {
    let archive: ZipArchive

    /// The archive's top-level folder.
    private let folder: String
    /// Storages that were found and verified, by key.
    private var storages: [String: TensorStorage] = [:]
    /// Number of elements that all further tensors together may have.
    ///
    /// Tensors can share a storage, and a stride of 0 repeats an element: without a limit, a small file could have
    /// tensors of any size.
    private var elementsLeft: Int

    /// Reads storages from `folder` of the archive.
    init(_ archive: ZipArchive, folder: String) {
        self.archive = archive
        self.folder = folder
        elementsLeft = 2 * archive.bytes.count + 1 << 24
    }

    /// Resolves a persistent ID to a storage, or returns the ID if its element type is unknown.
    ///
    /// - Parameter id: `("storage", class, key, device, number of elements)`.
    /// - Returns: The storage (the same object for the same key), or `id`.
    /// - Throws: ``PyTorchError`` with ``PyTorchError/Code/corrupt`` if the storage is missing or damaged, or
    ///   ``PyTorchError/Code/unsupported`` if it is compressed.
    mutating func storage(_ id: PickleValue) throws(PyTorchError) -> PickleValue {
        guard case .tuple(let parts) = id, parts.elements.count >= 5, parts.elements[0].string == "storage",
            case .global(let className) = parts.elements[1], let key = parts.elements[2].string,
            case .int(let count) = parts.elements[4], key.utf8.count <= 255
        else { throw .corrupt("data.pkl has a persistent ID that is not a storage") }
        guard let elementType = ElementType(storageClass: className) else { return id }

        if let storage = storages[key] {
            guard storage.elementType == elementType, storage.count == count else {
                throw .corrupt("a storage is used with different element types or counts")
            }
            return .storage(storage)
        }
        guard let range = try archive.contents(of: "\(folder)/data/\(key)") else {
            throw .corrupt("a storage that data.pkl refers to is missing")
        }
        let storage = try TensorStorage(archive.bytes, range, elementType: elementType, count: count)
        storages[key] = storage
        return .storage(storage)
    }

    /// Returns the tensor that `torch._utils._rebuild_tensor_v2` would return.
    ///
    /// - Parameter arguments: A storage, offset, shape and strides; further arguments are ignored.
    /// - Returns: A view of the storage.
    /// - Throws: ``PyTorchError`` with ``PyTorchError/Code/corrupt`` if the tensor does not fit its storage, or
    ///   ``PyTorchError/Code/tooLarge`` if all tensors together have too many elements.
    mutating func tensor(_ arguments: [PickleValue]) throws(PyTorchError) -> Tensor {
        guard arguments.count >= 4, case .storage(let storage) = arguments[0], case .int(let offset) = arguments[1],
            let shape = Self.integers(arguments[2]), let strides = Self.integers(arguments[3])
        else { throw .corrupt("data.pkl has a tensor without a valid storage, offset, shape or strides") }
        let tensor = try Tensor(storage: storage, offset: offset, shape: shape, strides: strides)
        guard tensor.count <= elementsLeft else {
            throw PyTorchError(
                .tooLarge,
                "the tensors have far more elements than the file has bytes, unlike those of any network"
            )
        }
        elementsLeft -= tensor.count
        return tensor
    }

    private static func integers(_ value: PickleValue) -> [Int]? {
        guard case .tuple(let list) = value, list.elements.count <= Tensor.maximumRank else { return nil }
        var integers: [Int] = []
        for element in list.elements {
            guard case .int(let integer) = element else { return nil }
            integers.append(integer)
        }
        return integers
    }
}
