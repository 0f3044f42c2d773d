// One HTTP server for all faces of a process. A face is a list of endpoints; the server adds what every
// face needs. It is a service: a graceful shutdown stops accepting, ends event streams, lets requests
// finish and returns.

import Commerce
import Foundation
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import ServiceLifecycle

package struct WebServer: Service {
    package struct Configuration: Sendable {
        package var address: String
        /// 0 takes any free port; `start` tells which.
        package var port: Int
        /// True when browsers come by https, at a proxy in front: cookies are then marked accordingly.
        package var isSecure: Bool
        package var sessionSecret: String
        /// Addresses of the proxies in front. Only they are believed when they say for whom they ask;
        /// without any, the peer's own address counts.
        package var trustedProxies: Set<String> = []
        /// A connection on which nothing happens is closed; longer than the heartbeat of an event stream.
        package var idleSeconds: Int64 = 75
        /// Larger bodies are refused, by the announced length before they are read.
        package var bodyLimit = 1_048_576

        package init(address: String = "127.0.0.1", port: Int, isSecure: Bool, sessionSecret: String) {
            precondition(sessionSecret.utf8.count >= 32, "SESSION_SECRET needs at least 32 characters")
            self.address = address
            self.port = port
            self.isSecure = isSecure
            self.sessionSecret = sessionSecret
        }
    }

    private let configuration: Configuration
    private let hosts: HostDirectory
    private let endpoints: [Endpoint]
    private let metrics: MetricsRegistry
    private let accessLog: AccessLog
    private let rateLimit: RateLimit
    private let logger: Logger

    /// - Parameters:
    ///   - endpoints: those of all faces; assets and probes are added here.
    ///   - checks: what `/readyz` asks.
    ///   - rateLimit: for the endpoints that are marked as limited, per client address.
    package init(
        _ configuration: Configuration, hosts: HostDirectory, endpoints: [Endpoint],
        checks: [ReadinessCheck] = [],
        metrics: MetricsRegistry, accessLog: AccessLog = .standardOutput,
        rateLimit: RateLimit = RateLimit(capacity: 20, perMinute: 20), logger: Logger
    ) {
        self.configuration = configuration
        self.hosts = hosts
        self.endpoints =
            endpoints + Probes(metrics: metrics, checks: checks).endpoints
            + [Stylesheet.asset.endpoint, Stylesheet.icon.endpoint]
        self.metrics = metrics
        self.accessLog = accessLog
        self.rateLimit = rateLimit
        self.logger = logger
    }

    /// Serves until a graceful shutdown.
    package func run() async throws {
        try await serve { _ in }
    }

    /// Serves in the background and tells the port. Whoever starts a server this way stops it.
    package func start() async throws -> RunningWebServer {
        let (ports, source) = AsyncStream<Int>.makeStream()
        let group = ServiceGroup(
            services: [StartedServer(server: self, isListening: { source.yield($0) })], logger: logger)
        // Stopped and awaited by `RunningWebServer.stop`.
        let task = Task {
            defer { source.finish() }
            try await group.run()
        }
        for await port in ports { return RunningWebServer(port: port, group: group, task: task) }
        try await task.value
        throw WebProblem(.unavailable, "the server ended before it listened")
    }

    fileprivate func serve(_ isListening: @escaping @Sendable (Int) -> Void) async throws {
        let application = Application(
            responder: responder(),
            server: .http1(
                configuration: HTTP1Channel.Configuration(
                    idleTimeout: .seconds(configuration.idleSeconds),
                    httpDecoderConfiguration: .init(maxHeaderFieldSize: 16_384, maxHeaderListSize: 32_768))),
            configuration: ApplicationConfiguration(
                address: .hostname(configuration.address, port: configuration.port), serverName: nil),
            onServerRunning: { channel in isListening(channel.localAddress?.port ?? 0) },
            logger: logger)
        try await application.run()
    }

    private func responder() -> Reception {
        let signer = SessionSigner(secret: configuration.sessionSecret, isSecure: configuration.isSecure)
        let router = Router(context: VisitContext.self, options: .autoGenerateHeadEndpoints)
        var rows: [String: [String: CounterRow]] = [:]
        for endpoint in endpoints {
            let counter = Counter(
                endpoint: endpoint, configuration: configuration, signer: signer, rateLimit: rateLimit)
            for path in endpoint.paths {
                rows[path, default: [:]][endpoint.method, default: CounterRow()].add(counter)
            }
        }
        for (path, methods) in rows {
            for (name, row) in methods {
                guard let method = HTTPRequest.Method(name) else {
                    preconditionFailure("\(name) is not an HTTP method")
                }
                router.on(RouterPath(path), method: method, use: row.respond)
            }
            refuseOtherMethods(at: path, known: Set(methods.keys), in: router)
        }
        return Reception(
            configuration: configuration, hosts: hosts, signer: signer, metrics: metrics,
            accessLog: accessLog,
            router: router.buildResponder())
    }

    /// A known address with the wrong method is 405, not 404.
    private func refuseOtherMethods(at path: String, known: Set<String>, in router: Router<VisitContext>) {
        let allowed = known.sorted().joined(separator: ", ")
        for name in ["GET", "POST", "PUT", "PATCH", "DELETE"] where !known.contains(name) {
            guard let method = HTTPRequest.Method(name) else { continue }
            router.on(RouterPath(path), method: method) { _, _ -> Response in
                throw WebProblem(.methodNotAllowed, "use \(allowed)", headers: ["Allow": allowed])
            }
        }
    }
}

/// A server that was started in the background.
package struct RunningWebServer: Sendable {
    package let port: Int
    fileprivate let group: ServiceGroup
    fileprivate let task: Task<Void, any Error>

    /// Lets requests finish, then returns.
    package func stop() async throws {
        await group.triggerGracefulShutdown()
        try await task.value
    }
}

private struct StartedServer: Service {
    let server: WebServer
    let isListening: @Sendable (Int) -> Void

    func run() async throws {
        try await server.serve(isListening)
    }
}

extension Endpoint {
    /// The path itself and, for translated pages, its form in every language.
    var paths: [String] {
        guard isTranslated else { return [path] }
        return [path] + Language.allCases.map { path == "/" ? "/\($0.rawValue)" : "/\($0.rawValue)\(path)" }
    }
}
