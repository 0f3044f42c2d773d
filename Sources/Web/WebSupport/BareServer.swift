// The least that a web server of this kind can do: every address gets one answer that was made before, and
// nothing is looked up, checked, counted or logged. The bench measures it beside the pages of the shop, as
// the limit that they cannot pass.

import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore

package struct BareServer: Sendable {
    private let port: Int
    private let headers: [String: String]
    private let body: [UInt8]
    private let logger: Logger

    package init(port: Int, headers: [String: String], body: [UInt8], logger: Logger) {
        self.port = port
        self.headers = headers
        self.body = body
        self.logger = logger
    }

    /// Answers on loopback until the process is told to end.
    package func run() async throws {
        var made = HTTPFields()
        for (name, value) in headers { made.set(name, value) }
        let (fields, bytes) = (made, ByteBuffer(bytes: body))
        let router = Router(context: BasicRequestContext.self)
        router.get("**") { _, _ -> Response in
            Response(status: .ok, headers: fields, body: ResponseBody(byteBuffer: bytes))
        }
        let application = Application(
            responder: router.buildResponder(),
            configuration: ApplicationConfiguration(
                address: .hostname("127.0.0.1", port: port), serverName: nil),
            logger: logger)
        try await application.runService()
    }
}
