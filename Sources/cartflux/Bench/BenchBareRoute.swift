import Foundation
import Logging
import WebSupport

/// An answer that is given to everybody, and what the child process that gives it runs.
struct BenchBareRoute: Codable, Sendable {
    let port: Int
    let headers: [String: String]
    let body: Data

    /// Gives the answer that the file holds, until the standard input ends.
    static func run(_ file: String) async throws {
        let route = try JSONDecoder().decode(
            BenchBareRoute.self, from: Data(contentsOf: URL(filePath: file)))
        var logger = Logger(label: "bench")
        logger.logLevel = .error
        ShopPart.stopAtEndOfInput()
        try await BareServer(
            port: route.port, headers: route.headers, body: [UInt8](route.body), logger: logger
        ).run()
    }
}
