// swift-tools-version: 6.2
import PackageDescription

// The house: each layer imports only what stands above it in this list. `Tests/HouseTests` holds that.

let strict: [SwiftSetting] = [.treatAllWarnings(as: .error)]

let hummingbird: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")
let asyncHTTPClient: Target.Dependency = .product(name: "AsyncHTTPClient", package: "async-http-client")
let log: Target.Dependency = .product(name: "Logging", package: "swift-log")
let metrics: Target.Dependency = .product(name: "Metrics", package: "swift-metrics")
let tracing: Target.Dependency = .product(name: "Tracing", package: "swift-distributed-tracing")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let scrypt: Target.Dependency = .product(name: "CryptoExtras", package: "swift-crypto")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let signals: Target.Dependency = .product(name: "UnixSignals", package: "swift-service-lifecycle")
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let collections: Target.Dependency = .product(name: "Collections", package: "swift-collections")
let histogram: Target.Dependency = .product(name: "Histogram", package: "hdrhistogram-swift")
let jwt: Target.Dependency = .product(name: "JWTKit", package: "jwt-kit")
let csv: Target.Dependency = .product(name: "SwiftCSV", package: "SwiftCSV")

func layer(_ name: String, in room: String, needs: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: needs, path: "Sources/\(room)/\(name)", swiftSettings: strict)
}

func systemLibrary(_ name: String, pkgConfig: String? = nil, apt: String) -> Target {
    .systemLibrary(
        name: name, path: "Sources/Drivers/\(name)", pkgConfig: pkgConfig, providers: [.apt([apt])])
}

func migrations(_ schema: String) -> Target {
    .target(
        name: "\(schema)Migrations", path: "Migrations/\(schema)", resources: [.copy("sql")],
        swiftSettings: strict)
}

func tests(_ name: String, of needs: [Target.Dependency]) -> Target {
    .testTarget(
        name: name, dependencies: needs + ["TestServers"], path: "Tests/\(name)", swiftSettings: strict)
}

let drivers: [Target] = [
    systemLibrary("CLibpq", pkgConfig: "libpq", apt: "libpq-dev"),
    systemLibrary("CHiredis", apt: "libhiredis-dev"),
    systemLibrary("COpenSSL", apt: "libssl-dev"),
    layer("ConnectionThread", in: "Drivers"),
    layer("Postgres", in: "Drivers", needs: ["CLibpq", "ConnectionThread", collections, log]),
    layer("Redis", in: "Drivers", needs: ["CHiredis", "COpenSSL", "ConnectionThread", collections, log]),
]

let engine: [Target] = [
    migrations("Engine"),
    layer("Durable", in: "Engine", needs: [log]),
    layer(
        "Fleet", in: "Engine",
        needs: [
            "Durable", "Postgres", "Redis", "EngineMigrations", collections, crypto, log, metrics, tracing,
            lifecycle,
        ]),
    layer("DurableTesting", in: "Engine", needs: ["Durable", log]),
]

let commerce: [Target] = [
    migrations("Commerce"),
    layer("Commerce", in: "Commerce"),
    layer(
        "CommerceStore", in: "Commerce",
        needs: ["Commerce", "Postgres", "CommerceMigrations", crypto, scrypt, log]),
]

let vendors: [Target] = [
    layer("VendorHTTP", in: "Vendors", needs: ["Durable", asyncHTTPClient, log]),
    layer("Stripe", in: "Vendors", needs: ["VendorHTTP", "Commerce", "Durable", crypto]),
    layer("SmartBill", in: "Vendors", needs: ["VendorHTTP", "Commerce", "Durable"]),
    layer("BigBuy", in: "Vendors", needs: ["VendorHTTP", "Commerce", "Durable"]),
    layer("Resend", in: "Vendors", needs: ["VendorHTTP", "Commerce", "Durable", crypto]),
    layer("SupplierFeeds", in: "Vendors", needs: ["VendorHTTP", "Commerce", "Durable", csv, crypto]),
    layer("MerchantHooks", in: "Vendors", needs: ["VendorHTTP", "Commerce", crypto]),
    layer("DomainRecords", in: "Vendors", needs: ["Durable"]),
    layer("VIES", in: "Vendors", needs: ["VendorHTTP", "Commerce", "Durable"]),
    layer("Telemetry", in: "Vendors", needs: ["VendorHTTP", log, metrics, tracing, lifecycle]),
    layer("VendorSandbox", in: "Vendors", needs: [hummingbird, asyncHTTPClient, crypto, log]),
]

let business: [Target] = [
    .target(
        name: "Workflows",
        dependencies: [
            "Durable", "Fleet", "Commerce", "CommerceStore", "Stripe", "SmartBill", "BigBuy", "Resend",
            "SupplierFeeds", "MerchantHooks", "DomainRecords", "VIES",
        ],
        path: "Workflows", swiftSettings: strict)
]

let faces: [Target] = [
    layer(
        "WebSupport", in: "Web",
        needs: [
            hummingbird, "Commerce", "CommerceStore", "Postgres", crypto, jwt, log, metrics, tracing,
            lifecycle,
        ]),
    layer("Storefront", in: "Web", needs: ["WebSupport"]),
    layer("Dashboard", in: "Web", needs: ["WebSupport", "SupplierFeeds"]),
    layer("Console", in: "Web", needs: ["WebSupport", "Fleet"]),
    layer("Gateway", in: "Web", needs: ["WebSupport", "Stripe", "Resend"]),
    .executableTarget(
        name: "cartflux",
        dependencies: [
            "Storefront", "Dashboard", "Console", "Gateway", "Workflows", "Fleet", "VendorSandbox",
            "VendorHTTP", "MerchantHooks", "DomainRecords", "VIES", "EngineMigrations", "CommerceMigrations",
            "Telemetry", log, metrics, tracing,
            arguments, lifecycle, signals, histogram,
        ],
        path: "Sources/cartflux", swiftSettings: strict),
]

let proofs: [Target] = [
    .target(name: "TestServers", path: "Tests/TestServers", swiftSettings: strict),
    tests("HouseTests", of: []),
    tests("PostgresTests", of: ["Postgres"]),
    tests("RedisTests", of: ["Redis"]),
    tests("DurableTests", of: ["Durable", "DurableTesting"]),
    tests("FleetTests", of: ["Fleet", "DurableTesting", "EngineMigrations", log]),
    tests("SimulationTests", of: ["Fleet", "DurableTesting", log]),
    tests("CommerceTests", of: ["Commerce"]),
    tests("CommerceStoreTests", of: ["CommerceStore", "EngineMigrations"]),
    tests(
        "VendorTests",
        of: [
            "Stripe", "SmartBill", "BigBuy", "Resend", "SupplierFeeds", "MerchantHooks",
            "DomainRecords", "VIES", "VendorSandbox",
        ]),
    tests("WorkflowsTests", of: ["Workflows", "Dashboard", "VendorSandbox", "DurableTesting"]),
    tests(
        "FaultTests",
        of: [
            "cartflux", "Workflows", "CommerceStore", "Fleet", "VendorSandbox", "EngineMigrations",
            "CommerceMigrations", log,
        ]),
    tests(
        "TelemetryTests",
        of: [
            "Telemetry", "Fleet", "WebSupport", "Commerce", "VendorHTTP", "EngineMigrations", hummingbird,
            log, metrics, tracing,
        ]),
    tests(
        "WebTests",
        of: [
            "Storefront", "Dashboard", "Console", "Gateway", "Fleet", "CommerceMigrations",
            "EngineMigrations", crypto,
        ]),
]

let package = Package(
    name: "cartflux",
    products: [
        .library(name: "Postgres", targets: ["Postgres"]),
        .library(name: "Redis", targets: ["Redis"]),
        .library(name: "Durable", targets: ["Durable"]),
        .library(name: "Fleet", targets: ["Fleet"]),
        .library(name: "DurableTesting", targets: ["DurableTesting"]),
        .library(name: "EngineMigrations", targets: ["EngineMigrations"]),
        .executable(name: "cartflux", targets: ["cartflux"]),
    ],
    dependencies: [
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.7.3"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
        .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.1"),
        .package(url: "https://github.com/swiftcsv/SwiftCSV", from: "0.10.0"),
    ],
    targets: drivers + engine + commerce + vendors + business + faces + proofs
)
