// swift-tools-version: 6.2

import PackageDescription

/// What `make setup` unpacks: OpenVINO's headers and libraries, and the assets of the API pages.
let dependencies = "\(Context.packageDirectory)/.deps"

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .treatAllWarnings(as: .error),
]

/// SwiftPM drops `-rpath`, so every linked product names the folder of OpenVINO's libraries itself.
let openVINOSearchPath: [LinkerSetting] = [
    .unsafeFlags([
        "-L\(dependencies)/openvino/libs", "-Xlinker", "-rpath", "-Xlinker", "\(dependencies)/openvino/libs",
    ])
]

let package = Package(
    name: "osprey",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "osprey", targets: ["osprey"]),
        .executable(name: "scenes", targets: ["SceneGenerator"]),
    ],
    dependencies: [
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0", traits: []),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        .systemLibrary(
            name: "CVips",
            pkgConfig: "vips",
            providers: [.apt(["libvips-dev"])]
        ),
        .systemLibrary(
            name: "CCairo",
            pkgConfig: "pangocairo",
            providers: [.apt(["libcairo2-dev", "libpango1.0-dev"])]
        ),
        // Its pkg-config file has flags that SwiftPM warns of; the module map names the libraries.
        .systemLibrary(name: "CHiredis", providers: [.apt(["libhiredis-dev", "libssl-dev"])]),
        .systemLibrary(name: "CMalloc"),
        .target(
            name: "COpenVINO",
            cxxSettings: [.unsafeFlags(["-isystem", "\(dependencies)/openvino/include"])],
            linkerSettings: [.linkedLibrary("openvino")]
        ),
        .target(name: "CPixels"),
        .target(name: "CJPEG", linkerSettings: [.linkedLibrary("jpeg")]),
        .target(name: "ObjectDetection", swiftSettings: settings),
        .target(
            name: "Imaging",
            dependencies: ["ObjectDetection", "CJPEG", "CPixels", "CVips", "CCairo"],
            swiftSettings: settings
        ),
        .target(name: "Inference", dependencies: ["COpenVINO"], swiftSettings: settings),
        .target(name: "PyTorch", swiftSettings: settings),
        .target(
            name: "YOLO",
            dependencies: [
                "CPixels", "Imaging", "Inference", "ObjectDetection", "PyTorch",
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            swiftSettings: settings
        ),
        .target(name: "Evaluation", dependencies: ["ObjectDetection"], swiftSettings: settings),
        .target(
            name: "Storage",
            dependencies: ["CHiredis", .product(name: "Crypto", package: "swift-crypto")],
            swiftSettings: settings
        ),
        .target(
            name: "DetectionService",
            dependencies: [
                "Imaging", "Inference", "ObjectDetection", "Storage", "YOLO",
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "osprey",
            dependencies: [
                "CMalloc", "DetectionService", "Evaluation", "Imaging", "Inference", "ObjectDetection", "Storage",
                "YOLO",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Configuration", package: "swift-configuration"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                .product(name: "Yams", package: "Yams"),
            ],
            swiftSettings: settings,
            linkerSettings: openVINOSearchPath
        ),
        .target(name: "Scenes", dependencies: ["CCairo", "Imaging", "ObjectDetection"], swiftSettings: settings),
        .executableTarget(
            name: "SceneGenerator",
            dependencies: ["Scenes", .product(name: "ArgumentParser", package: "swift-argument-parser")],
            swiftSettings: settings
        ),
        .testTarget(
            name: "ScenesTests",
            dependencies: ["Scenes", "Imaging", "ObjectDetection"],
            swiftSettings: settings
        ),
        .testTarget(name: "ObjectDetectionTests", dependencies: ["ObjectDetection"], swiftSettings: settings),
        .testTarget(
            name: "ImagingTests",
            dependencies: ["Imaging", "CPixels", "ObjectDetection", "TestAssets"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "InferenceTests",
            dependencies: ["Inference"],
            swiftSettings: settings,
            linkerSettings: openVINOSearchPath
        ),
        .target(name: "CheckpointSupport", path: "Tests/CheckpointSupport", swiftSettings: settings),
        .target(name: "TestAssets", path: "Tests/TestAssets", swiftSettings: settings),
        .testTarget(
            name: "PyTorchTests",
            dependencies: ["PyTorch", "CheckpointSupport", "TestAssets"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "YOLOTests",
            dependencies: ["YOLO", "CheckpointSupport", "Imaging", "Inference", "ObjectDetection", "TestAssets"],
            swiftSettings: settings
        ),
        .testTarget(name: "EvaluationTests", dependencies: ["Evaluation", "ObjectDetection"], swiftSettings: settings),
        .testTarget(name: "StorageTests", dependencies: ["Storage"], swiftSettings: settings),
        .testTarget(
            name: "DetectionServiceTests",
            dependencies: [
                "DetectionService", "Imaging", "Inference", "ObjectDetection", "Storage", "YOLO",
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "HummingbirdTesting", package: "hummingbird"),
            ],
            swiftSettings: settings
        ),
    ]
)
