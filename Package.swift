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
        // What Tools/Scenes draws with.
        .library(name: "Imaging", targets: ["Imaging"]),
        .library(name: "ObjectDetection", targets: ["ObjectDetection"]),
        .library(name: "CCairo", targets: ["CCairo"]),
    ],
    traits: [
        .default(enabledTraits: ["GRPC"]),
        .trait(name: "GRPC", description: "The Open Inference Protocol over gRPC."),
    ],
    dependencies: [
        .package(url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1", traits: []),
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-configuration", exact: "1.4.0", traits: []),
        .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types", exact: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", exact: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", exact: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio-http2", exact: "1.46.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", exact: "2.37.6"),
        .package(url: "https://github.com/apple/swift-protobuf", exact: "1.39.0"),
        .package(url: "https://github.com/apple/swift-system", exact: "1.8.1"),
        .package(url: "https://github.com/grpc/grpc-swift-2", exact: "2.4.3"),
        .package(url: "https://github.com/grpc/grpc-swift-nio-transport", exact: "2.9.2"),
        .package(url: "https://github.com/grpc/grpc-swift-protobuf", exact: "2.4.1"),
        .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
        .package(url: "https://github.com/swift-server/async-http-client", exact: "1.37.0", traits: []),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", exact: "1.0.2", traits: []),
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
        .systemLibrary(name: "CCompression", providers: [.apt(["zlib1g-dev", "libzstd-dev"])]),
        .systemLibrary(name: "CWebP", providers: [.apt(["libwebp-dev"])]),
        // An MQTT client.
        .systemLibrary(name: "CMosquitto", providers: [.apt(["libmosquitto-dev"])]),
        .systemLibrary(name: "CMalloc"),
        .systemLibrary(name: "CProcess"),
        .target(
            name: "COpenVINO",
            cxxSettings: [.unsafeFlags(["-isystem", "\(dependencies)/openvino/include"])],
            linkerSettings: [.linkedLibrary("openvino")]
        ),
        .target(name: "CPixels"),
        .target(name: "CSandbox", linkerSettings: [.linkedLibrary("seccomp")]),
        .target(name: "CJPEG", linkerSettings: [.linkedLibrary("jpeg")]),
        .target(name: "Basics", swiftSettings: settings),
        .target(name: "ObjectDetection", swiftSettings: settings),
        .target(name: "JSONSchema", dependencies: ["Basics"], swiftSettings: settings),
        .target(
            name: "Scheduling",
            dependencies: [
                "Basics",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: settings
        ),
        .target(
            name: "Imaging",
            dependencies: ["Basics", "ObjectDetection", "CJPEG", "CPixels", "CVips", "CWebP", "CCairo"],
            swiftSettings: settings
        ),
        .target(
            name: "DecodeWorkers",
            dependencies: ["Basics", "CSandbox", "Imaging", "Scheduling"],
            swiftSettings: settings
        ),
        .target(name: "Inference", dependencies: ["Basics", "COpenVINO"], swiftSettings: settings),
        .target(name: "PyTorch", dependencies: ["Basics"], swiftSettings: settings),
        .target(
            name: "YOLO",
            dependencies: [
                "Basics", "CPixels", "Imaging", "Inference", "ObjectDetection", "PyTorch",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Yams", package: "Yams"),
            ],
            swiftSettings: settings
        ),
        .target(
            name: "DetectionPipeline",
            dependencies: [
                "Basics", "DecodeWorkers", "Imaging", "JSONSchema", "ObjectDetection", "Scheduling", "Tracking", "YOLO",
            ],
            swiftSettings: settings
        ),
        .target(
            name: "ModelServing",
            dependencies: [
                "Basics", "Inference", "ObjectDetection", "Scheduling", "YOLO",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: settings
        ),
        .target(name: "Evaluation", dependencies: ["Basics", "ObjectDetection"], swiftSettings: settings),
        .target(name: "Tracking", dependencies: ["ObjectDetection"], swiftSettings: settings),
        .target(
            name: "Video",
            dependencies: [
                "Basics", "CProcess", "Imaging", "ObjectDetection",
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: settings
        ),
        .target(
            name: "Storage",
            dependencies: ["Basics", "CHiredis", .product(name: "Crypto", package: "swift-crypto")],
            swiftSettings: settings
        ),
        .target(
            name: "PictureFetching",
            dependencies: [
                "Basics",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: settings
        ),
        .target(
            name: "Streams",
            dependencies: [
                "Basics", "DetectionPipeline", "Imaging", "JSONSchema", "ModelServing", "ObjectDetection", "Scheduling",
                "Storage", "Tracking", "Video", "YOLO",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: settings
        ),
        .target(
            name: "Notifications",
            dependencies: [
                "Basics", "CMosquitto", "JSONSchema", "Scheduling", "Storage", "Streams",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: settings
        ),
        .target(
            name: "DetectionService",
            dependencies: [
                "Basics", "CCompression", "DecodeWorkers", "DetectionPipeline", "Imaging", "Inference",
                "JSONSchema", "ModelServing", "Notifications", "ObjectDetection", "PictureFetching", "Scheduling",
                "Storage", "Streams", "YOLO",
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
        .target(
            name: "InferenceMessages",
            dependencies: [
                .product(name: "GRPCCore", package: "grpc-swift-2"),
                .product(name: "GRPCProtobuf", package: "grpc-swift-protobuf"),
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ],
            swiftSettings: settings
        ),
        .target(
            name: "InferenceGRPC",
            dependencies: [
                "Basics", "DetectionPipeline", "DetectionService", "Inference", "InferenceMessages", "JSONSchema",
                .product(name: "GRPCProtobuf", package: "grpc-swift-protobuf"),
                .product(name: "GRPCCore", package: "grpc-swift-2"),
                .product(name: "GRPCNIOTransportHTTP2Posix", package: "grpc-swift-nio-transport"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP2", package: "swift-nio-http2"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ],
            swiftSettings: settings
        ),
        .target(
            name: "Assets",
            dependencies: [
                "Basics", "CCompression", "PyTorch", "YOLO",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "osprey",
            dependencies: [
                "Assets", "Basics", "CMalloc", "DecodeWorkers", "DetectionPipeline", "DetectionService", "Evaluation",
                "Imaging",
                "Inference", "JSONSchema", "ModelServing", "ObjectDetection", "Scheduling", "Storage",
                "Streams", "Video", "YOLO",
                .target(name: "InferenceGRPC", condition: .when(traits: ["GRPC"])),
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
        // For those who call the service from Swift, with the compiler's usual settings; a test runs it.
        .executableTarget(
            name: "DetectExample",
            dependencies: [
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOFoundationCompat", package: "swift-nio"),
            ],
            path: "Examples/Swift"
        ),
        .target(
            name: "TestSupport",
            dependencies: ["Imaging", "ObjectDetection", "YOLO"],
            path: "Tests/TestSupport",
            swiftSettings: settings
        ),
        .testTarget(
            name: "ObjectDetectionTests",
            dependencies: ["ObjectDetection", "TestSupport"],
            swiftSettings: settings
        ),
        .testTarget(name: "JSONSchemaTests", dependencies: ["JSONSchema"], swiftSettings: settings),
        .testTarget(
            name: "SchedulingTests",
            dependencies: ["Scheduling", "TestSupport"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "ImagingTests",
            dependencies: ["Basics", "CJPEG", "CPixels", "CWebP", "Imaging", "ObjectDetection", "TestSupport"],
            swiftSettings: settings
        ),
        .testTarget(name: "PyTorchTests", dependencies: ["PyTorch", "TestSupport"], swiftSettings: settings),
        .testTarget(
            name: "YOLOTests",
            dependencies: ["YOLO", "Imaging", "Inference", "ObjectDetection", "TestSupport"],
            swiftSettings: settings,
            linkerSettings: openVINOSearchPath
        ),
        .testTarget(
            name: "AssetsTests",
            dependencies: [
                "Assets",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "EvaluationTests",
            dependencies: ["Evaluation", "ObjectDetection", "TestSupport"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "TrackingTests",
            dependencies: ["ObjectDetection", "TestSupport", "Tracking"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "VideoTests",
            dependencies: ["Imaging", "ObjectDetection", "TestSupport", "Video"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "StreamsTests",
            dependencies: [
                "Basics", "DetectionPipeline", "JSONSchema", "ObjectDetection", "Scheduling", "Storage", "Streams",
                "TestSupport",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings
        ),
        .testTarget(name: "NotificationsTests", dependencies: ["Notifications"], swiftSettings: settings),
        .testTarget(name: "StorageTests", dependencies: ["Storage", "TestSupport"], swiftSettings: settings),
        // A decoder that pictures can make misbehave.
        .executableTarget(
            name: "FaultyDecoder",
            dependencies: ["DecodeWorkers"],
            path: "Tests/FaultyDecoder",
            swiftSettings: settings
        ),
        .testTarget(
            name: "DecodeWorkersTests",
            dependencies: ["DecodeWorkers", "FaultyDecoder", "Imaging"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "DetectionPipelineTests",
            dependencies: [
                "DecodeWorkers", "DetectionPipeline", "Imaging", "JSONSchema", "ObjectDetection", "Scheduling",
                "TestSupport", "YOLO",
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "ModelServingTests",
            dependencies: ["ModelServing", "ObjectDetection", "TestSupport", "YOLO"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "OspreyTests",
            dependencies: [
                "osprey", "DetectionPipeline", "JSONSchema", "Scheduling", "TestSupport",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "DetectionServiceTests",
            dependencies: [
                "DecodeWorkers", "DetectionPipeline", "DetectionService", "Imaging", "JSONSchema", "ModelServing",
                "ObjectDetection", "Scheduling", "Storage", "TestSupport", "YOLO",
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "HummingbirdTesting", package: "hummingbird"),
            ],
            swiftSettings: settings
        ),
    ]
)
