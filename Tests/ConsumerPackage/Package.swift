// swift-tools-version: 6.2
import PackageDescription

// A server that is not the shop: it depends on the engine's products and on nothing else of this repository.
// `ops/consumer` builds it and runs it, so that the engine stays a library in its own right.

let package = Package(
    name: "welcome",
    dependencies: [
        .package(name: "cartflux", path: "../.."),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    ],
    targets: [
        .executableTarget(
            name: "welcome",
            dependencies: [
                .product(name: "Durable", package: "cartflux"),
                .product(name: "DurableTesting", package: "cartflux"),
                .product(name: "Fleet", package: "cartflux"),
                .product(name: "EngineMigrations", package: "cartflux"),
                .product(name: "Postgres", package: "cartflux"),
                .product(name: "Redis", package: "cartflux"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: [.treatAllWarnings(as: .error)])
    ]
)
