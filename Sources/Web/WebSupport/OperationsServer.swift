// The probes and figures of a process that serves nothing else. It answers three addresses on a port of its
// own, and knows no hosts, sessions or pages, so that it can neither be reached as the shop nor be mistaken
// for it.

import Foundation
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import ServiceLifecycle

/// `/metrics`, `/healthz` and `/readyz` for a worker or scheduler.
package struct OperationsServer: Service {
    private let address: String
    private let port: Int
    private let probes: Probes
    private let isListening: @Sendable (Int) -> Void
    private let logger: Logger

    /// - Parameters:
    ///   - port: 0 takes any free one; `isListening` is told which.
    ///   - checks: what `/readyz` asks.
    package init(
        address: String = "127.0.0.1", port: Int, metrics: MetricsRegistry, checks: [ReadinessCheck] = [],
        logger: Logger, isListening: @escaping @Sendable (Int) -> Void = { _ in }
    ) {
        self.address = address
        self.port = port
        probes = Probes(metrics: metrics, checks: checks)
        self.logger = logger
        self.isListening = isListening
    }

    package func run() async throws {
        let router = Router(context: BasicRequestContext.self)
        for path in Probes.paths {
            router.get(RouterPath(path)) { [probes] _, _ -> Response in
                Response(try await probes.answer(to: path))
            }
        }
        let application = Application(
            responder: router.buildResponder(),
            configuration: ApplicationConfiguration(
                address: .hostname(address, port: port), serverName: nil),
            onServerRunning: { channel in isListening(channel.localAddress?.port ?? 0) },
            logger: logger)
        try await application.run()
    }
}
