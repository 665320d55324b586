/// Visits everything below a value by simple recursion, like the code that builds networks.
func walk(_ value: PickleValue) {
    _ = value.typeName
    _ = value.bytes
    _ = value.int
    _ = value.double
    if let tensor = value.tensor, tensor.count <= 4096 {
        precondition(tensor.floats().count == tensor.count)
    }
    if let dictionary = value.dictionary {
        for (key, value) in dictionary.entries {
            if let name = key.string { _ = dictionary[name] }
            walk(key)
            walk(value)
        }
    }
    for element in value.list ?? [] { walk(element) }
    if let object = value.object {
        _ = object.attribute("_modules")
        for element in object.arguments + object.elements { walk(element) }
        if let state = object.state { walk(state) }
        if let items = object.items { walk(.dictionary(items)) }
    }
}

/// Limits that keep each run within milliseconds.
let limits = {
    var limits = Checkpoint.Limits()
    limits.maximumValues = 1 << 14
    limits.maximumWalkedValues = 1 << 14
    return limits
}()
