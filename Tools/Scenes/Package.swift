// swift-tools-version: 6.2

import PackageDescription

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .treatAllWarnings(as: .error),
]

// Draws the demo's pictures and training data; the service does not use it.
let package = Package(
    name: "scenes",
    platforms: [.macOS(.v15)],
    products: [.executable(name: "scenes", targets: ["SceneGenerator"])],
    dependencies: [
        .package(name: "osprey", path: "../.."),
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    ],
    targets: [
        .target(
            name: "Scenes",
            dependencies: [
                .product(name: "CCairo", package: "osprey"),
                .product(name: "Imaging", package: "osprey"),
                .product(name: "ObjectDetection", package: "osprey"),
            ],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "SceneGenerator",
            dependencies: ["Scenes", .product(name: "ArgumentParser", package: "swift-argument-parser")],
            swiftSettings: settings
        ),
        .testTarget(
            name: "ScenesTests",
            dependencies: [
                "Scenes",
                .product(name: "Imaging", package: "osprey"),
                .product(name: "ObjectDetection", package: "osprey"),
            ],
            swiftSettings: settings
        ),
    ]
)
