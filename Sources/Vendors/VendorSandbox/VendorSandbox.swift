import Logging

// The vendors in one place, each on its own loopback port. State is in memory: a sandbox that is started
// again is a new world, and ids of an earlier one are never repeated.

/// The running sandboxes of every vendor.
package struct VendorSandbox: Sendable {
    /// One line per vendor, in the order of their ports.
    private static let vendors: [@Sendable (Workbench) -> any SandboxVendor] = [
        { StripeSandbox($0) }, { SmartBillSandbox($0) }, { BigBuySandbox($0) }, { ResendSandbox($0) },
        { FeedHost($0) }, { VIESSandbox($0) },
    ]

    /// The servers in the order of `vendors`.
    package let servers: [SandboxServer]

    /// Stripe, at the first port.
    package var stripe: SandboxServer { servers[0] }
    /// At the second.
    package var smartBill: SandboxServer { servers[1] }
    /// At the third.
    package var bigBuy: SandboxServer { servers[2] }
    /// At the fourth.
    package var resend: SandboxServer { servers[3] }
    /// At the fifth: the hosts of suppliers' feeds.
    package var feeds: SandboxServer { servers[4] }
    /// At the sixth: the check of VAT numbers.
    package var vies: SandboxServer { servers[5] }

    /// Starts every vendor: Stripe at `port`, SmartBill, BigBuy, Resend, feeds and VIES behind it.
    /// With port 0 each takes any free port. Throws when a port cannot be bound; nothing is left running.
    package static func start(
        port: Int = 0, options: SandboxOptions = SandboxOptions(), logger: Logger = quietLogger
    ) async throws -> VendorSandbox {
        var started: [SandboxServer] = []
        do {
            for (offset, make) in vendors.enumerated() {
                let workbench = Workbench(options: options, logger: logger)
                let server = try await SandboxServer.start(
                    make(workbench), workbench, port: port == 0 ? 0 : port + offset)
                started.append(server)
            }
        } catch {
            for server in started { await server.stop() }
            throw error
        }
        return VendorSandbox(servers: started)
    }

    /// Says nothing below a warning: tests start many sandboxes.
    package static var quietLogger: Logger {
        var logger = Logger(label: "sandbox")
        logger.logLevel = .warning
        return logger
    }

    /// The base URLs by vendor name.
    package var addresses: [(name: String, url: String)] { servers.map { ($0.vendor.name, $0.baseURL) } }

    /// Serves until the task is cancelled.
    package func wait() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for server in servers { group.addTask { try await server.wait() } }
            try await group.waitForAll()
        }
    }

    /// Puts every vendor back to the beginning.
    package func reset() async {
        for server in servers { await server.reset() }
    }

    /// Closes every port.
    package func stop() async {
        for server in servers { await server.stop() }
    }
}
