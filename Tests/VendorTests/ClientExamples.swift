import Foundation
import VendorHTTP

/// The vendors' payloads that lie beside the tests, by file name.
enum Example {
    private static let folder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "VendorExamples")

    static func bytes(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: folder.appending(path: name)))
    }

    static func text(_ name: String) throws -> String { String(decoding: try bytes(name), as: UTF8.self) }

    static func json(_ name: String) throws -> VendorHTTP.JSON {
        try VendorHTTP.JSON(parsing: try bytes(name))
    }

    static func names(beginning prefix: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path()).filter { $0.hasPrefix(prefix) }
            .sorted()
    }

    /// An answer as it would have come over HTTP.
    static func response(
        _ status: Int, _ body: [UInt8] = [], headers: [(name: String, value: String)] = []
    ) -> VendorResponse {
        VendorResponse(status: status, headers: headers, body: body, receivedAt: now)
    }

    static func response(_ status: Int, file name: String) throws -> VendorResponse {
        response(status, try bytes(name))
    }

    /// The clock of these answers.
    static let now = Date(timeIntervalSince1970: 1_795_370_000)

    static let call = VendorCall(
        account: VendorAccount(vendor: "vendor", name: "platform"), operation: "POST /thing")
}
