// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [.treatAllWarnings(as: .error)]

let package = Package(
    name: "hermes",
    products: [
        .executable(name: "hermes", targets: ["hermes"])
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        // Without its traits it needs no more of Foundation than FoundationEssentials.
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0", traits: []),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/grpc/grpc-swift-2", from: "2.4.0"),
        .package(url: "https://github.com/grpc/grpc-swift-nio-transport", from: "2.9.0"),
        .package(url: "https://github.com/grpc/grpc-swift-protobuf", from: "2.4.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        // Its traits bring in the whole of Foundation.
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.13.0", traits: []),
    ],
    targets: [
        // The shims: the only targets that include a C library's headers.
        // Static archives resolve from left to right, so what curl needs stands once, behind it, for all shims.
        .target(name: "CFuse", linkerSettings: [.linkedLibrary("fuse3")]),
        .target(
            name: "CCurl",
            linkerSettings: [
                "curl", "nghttp2", "psl", "idn2", "unistring", "ssh2", "ssl", "crypto", "zstd",
                "brotlidec", "brotlicommon", "z",
            ].map { .linkedLibrary($0) }
        ),
        .target(name: "CZlib"),
        .target(name: "CDeflate", linkerSettings: [.linkedLibrary("deflate")]),
        .target(name: "CZstd"),
        .target(name: "CXXHash", linkerSettings: [.linkedLibrary("xxhash")]),
        .target(name: "CYaml", linkerSettings: [.linkedLibrary("yaml")]),
        .target(name: "CCrypto"),
        .target(name: "CLinux"),
        // What an archive itself needs stands behind it, as nothing else need have brought it in.
        .target(name: "CSQLite", linkerSettings: [.linkedLibrary("sqlite3"), .linkedLibrary("m")]),
        .target(name: "CRE2", linkerSettings: [.linkedLibrary("re2"), .linkedLibrary("stdc++")]),
        .target(
            name: "HermesSupport",
            dependencies: [
                "CZstd", "CXXHash", "CYaml", "CSQLite", "CLinux", "CRE2",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict
        ),
        .target(
            name: "HermesHTTP",
            dependencies: ["HermesSupport", "CCurl", .product(name: "HeapModule", package: "swift-collections")],
            swiftSettings: strict
        ),
        .target(
            name: "HermesCore",
            dependencies: [
                "HermesSupport", "HermesHTTP", "CFuse", "CZlib", "CDeflate", "CCrypto", "CLinux",
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict
        ),
        .target(
            name: "HermesContainerd",
            dependencies: [
                "HermesSupport",
                .product(name: "GRPCCore", package: "grpc-swift-2"),
                .product(name: "GRPCNIOTransportHTTP2Posix", package: "grpc-swift-nio-transport"),
                .product(name: "GRPCProtobuf", package: "grpc-swift-protobuf"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ],
            exclude: ["API/proto"],
            swiftSettings: strict
        ),
        .target(
            name: "HermesDaemon",
            dependencies: [
                "HermesSupport", "HermesHTTP", "HermesCore", "HermesContainerd", "CLinux",
                .product(name: "GRPCCore", package: "grpc-swift-2"),
                .product(name: "GRPCNIOTransportHTTP2Posix", package: "grpc-swift-nio-transport"),
                .product(name: "GRPCProtobuf", package: "grpc-swift-protobuf"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ],
            swiftSettings: strict
        ),
        .target(
            name: "HermesKubernetes",
            dependencies: [
                "HermesSupport", "HermesHTTP", .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict
        ),
        .target(
            name: "HermesController",
            dependencies: [
                "HermesSupport", "HermesHTTP", "HermesCore", "HermesKubernetes",
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HummingbirdTLS", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict
        ),
        // Apart, so that what reads a report needs none of the rest.
        .target(name: "HermesBenchReport", dependencies: ["HermesSupport"], swiftSettings: strict),
        .target(
            name: "HermesBench",
            dependencies: [
                "HermesSupport", "HermesHTTP", "HermesCore", "HermesContainerd", "HermesKubernetes",
                "HermesBenchReport",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "hermes",
            dependencies: [
                "HermesSupport", "HermesCore", "HermesDaemon", "HermesKubernetes", "HermesController", "HermesBench",
                "HermesBenchReport",
                "CLinux",
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict
        ),
        // What the tests of all targets share: temporary folders, processes, fixtures.
        .target(
            name: "HermesTestKit",
            dependencies: ["HermesSupport", "CLinux", .product(name: "Logging", package: "swift-log")],
            path: "Tests/HermesTestKit", exclude: ["Fixtures"], swiftSettings: strict),
        // What tests run as a process of its own, to kill it.
        .executableTarget(
            name: "HermesTestChild",
            dependencies: [
                "HermesSupport", "HermesCore", "HermesDaemon", "HermesController",
                .product(name: "Logging", package: "swift-log"),
            ],
            path: "Tests/HermesTestChild",
            swiftSettings: strict),
        .testTarget(
            name: "HermesSupportTests", dependencies: ["HermesSupport", "HermesTestKit", "HermesTestChild"],
            swiftSettings: strict),
        .testTarget(
            name: "HermesHTTPTests", dependencies: ["HermesSupport", "HermesHTTP", "HermesTestKit", "CCurl"],
            exclude: ["Fixtures"], swiftSettings: strict),
        .testTarget(
            name: "HermesCoreTests",
            dependencies: ["HermesSupport", "HermesHTTP", "HermesCore", "HermesTestKit"],
            exclude: ["Fixtures"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "HermesDaemonTests",
            dependencies: [
                "HermesSupport", "HermesHTTP", "HermesCore", "HermesContainerd", "HermesDaemon", "HermesTestKit",
                "HermesTestChild", "CLinux",
                .product(name: "GRPCCore", package: "grpc-swift-2"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
            ],
            exclude: ["Fixtures"], swiftSettings: strict),
        .testTarget(
            name: "HermesKubernetesTests",
            dependencies: [
                "HermesSupport", "HermesHTTP", "HermesKubernetes", "HermesTestKit",
                .product(name: "Logging", package: "swift-log"),
            ],
            exclude: ["Fixtures"], swiftSettings: strict),
        .testTarget(
            name: "HermesControllerTests",
            dependencies: [
                "HermesSupport", "HermesHTTP", "HermesCore", "HermesDaemon", "HermesKubernetes", "HermesController",
                "HermesTestKit", "HermesTestChild",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
            ], swiftSettings: strict),
        .testTarget(
            name: "HermesBenchTests",
            dependencies: [
                "HermesSupport", "HermesHTTP", "HermesCore", "HermesContainerd", "HermesKubernetes", "HermesBench",
                "HermesBenchReport",
                "HermesTestKit",
                .product(name: "Logging", package: "swift-log"),
            ], swiftSettings: strict),
        .testTarget(
            name: "HermesTests",
            dependencies: [
                "hermes", "HermesSupport", "HermesCore", "HermesDaemon", "HermesBench", "HermesBenchReport",
                "HermesTestKit",
            ],
            swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6],
    cxxLanguageStandard: .cxx17
)

// The fuzz targets, which scripts/fuzz.sh builds with a sanitizer and links with libFuzzer; no other build knows of them.
if Context.environment["HERMES_FUZZ"] != nil {
    package.targets.append(
        .executableTarget(
            name: "hermes-fuzz",
            dependencies: [
                "HermesSupport", "HermesHTTP", "HermesCore", "HermesKubernetes", "HermesBenchReport", "CZlib",
                .product(name: "Logging", package: "swift-log"),
            ],
            path: "Fuzz/Sources", swiftSettings: strict))
}
