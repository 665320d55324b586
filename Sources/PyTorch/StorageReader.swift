/// Finds the storages of a checkpoint's tensors in its archive.
struct StorageReader {
    let archive: ZipArchive

    /// The folder in the archive that everything is in.
    private let folder: String
    /// Those that were found and are whole, by their keys.
    private var storages: [String: TensorStorage] = [:]
    /// How many elements all further tensors may have.
    ///
    /// Many can share a storage, and in each of them an element can stand for many: without a limit, a small file
    /// could have tensors of any size.
    private var elementsLeft: Int

    /// Looks in a folder of the archive.
    init(_ archive: ZipArchive, folder: String) {
        self.archive = archive
        self.folder = folder
        elementsLeft = 2 * archive.bytes.count + 1 << 24
    }

    /// What a persistent id means: a storage, or a record of the id where the elements are of a kind not known here.
    ///
    /// - Parameter id: `("storage", class, key, device, number of elements)`.
    /// - Returns: The storage, the same object for the same key, or `id`.
    /// - Throws: ``PyTorchError`` with ``PyTorchError/Code/corrupt`` where it is missing or damaged.
    mutating func storage(_ id: PickleValue) throws(PyTorchError) -> PickleValue {
        guard case .tuple(let parts) = id, parts.elements.count >= 5, parts.elements[0].string == "storage",
            case .global(let className) = parts.elements[1], let key = parts.elements[2].string,
            case .int(let count) = parts.elements[4], key.utf8.count <= 255
        else { throw .corrupt("data.pkl refers to something outside that is no storage") }
        guard let elementType = ElementType(storageClass: className) else { return id }

        if let storage = storages[key] {
            guard storage.elementType == elementType, storage.count == count else {
                throw .corrupt("storages of different types overlap")
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

    /// The tensor that `torch._utils._rebuild_tensor_v2` would return.
    ///
    /// - Parameter arguments: A storage, offset, shape, strides, and more that does not matter here.
    /// - Returns: A view of the storage.
    /// - Throws: ``PyTorchError`` with ``PyTorchError/Code/corrupt`` where it does not fit the storage, with
    ///   ``PyTorchError/Code/tooLarge`` where all tensors together have too many elements.
    mutating func tensor(_ arguments: [PickleValue]) throws(PyTorchError) -> Tensor {
        guard arguments.count >= 4, case .storage(let storage) = arguments[0], case .int(let offset) = arguments[1],
            let shape = Self.integers(arguments[2]), let strides = Self.integers(arguments[3])
        else { throw .corrupt("data.pkl has a tensor without shape or strides") }
        let tensor = try Tensor(storage: storage, offset: offset, shape: shape, strides: strides)
        guard tensor.count <= elementsLeft else {
            throw PyTorchError(
                .tooLarge,
                "the tensors have far more elements than the file has bytes, which those of a network do not"
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
