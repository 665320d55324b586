internal import ArgumentParser

/// How pictures and the network are processed; options that `serve` and `detect` share.
struct ProcessingOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Device that runs networks, as OpenVINO names it: CPU, GPU, NPU, AUTO:GPU,CPU; `osprey version` lists them. "
                + "(default: CPU)"
        )
    )
    var device: String?

    @Option(help: ArgumentHelp("Arithmetic: auto, f32 or bf16. (default: auto)"))
    var precision: String?

    @Option(
        help: ArgumentHelp(
            "Pictures that the network processes at the same time. (default: one per core)",
            valueName: "count"
        )
    )
    var streams: String?

    @Option(help: ArgumentHelp("Inference threads over all streams. (default: one per core)", valueName: "count"))
    var threads: String?

    @Option(help: ArgumentHelp("Folder for compiled models. (default: MODELS/.cache)", valueName: "dir"))
    var cache: String?

    @Option(help: ArgumentHelp("Maximum number of pixels of a picture. (default: 50000000)", valueName: "pixels"))
    var maxPixels: String?

    @Option(
        help: ArgumentHelp(
            "Colour profiles in pictures: apply, as viewers do, or ignore, as OpenCV does. (default: apply)",
            valueName: "choice"
        )
    )
    var colorProfiles: String?

    @Option(
        help: ArgumentHelp(
            "JPEGs that are cut off: reject, or accept and detect in what is there. (default: reject)",
            valueName: "choice"
        )
    )
    var truncated: String?

    /// The options by setting name.
    var all: [(name: String, value: String?)] {
        [
            ("device", device), ("precision", precision), ("streams", streams), ("threads", threads), ("cache", cache),
            ("max-pixels", maxPixels), ("color-profiles", colorProfiles), ("truncated", truncated),
        ]
    }
}
