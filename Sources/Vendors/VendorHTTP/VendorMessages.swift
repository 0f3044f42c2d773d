// Requests and answers as values. The transport is the only place that knows AsyncHTTPClient.

import FoundationEssentials

/// One call to a vendor, before the base address and the standing headers are added.
package struct VendorRequest: Sendable {
    package enum Method: String, Sendable {
        case get = "GET"
        case post = "POST"
        case put = "PUT"
        case delete = "DELETE"
    }

    package enum Body: Sendable {
        case none
        case form(FormFields)
        case json(JSON)
        /// Bytes that were rendered earlier and must travel unchanged.
        case bytes([UInt8], contentType: String)
    }

    package let method: Method
    package let path: String
    package var query: FormFields
    package var headers: [HeaderField]
    package var body: Body
    /// How long this call may take; the client's own limit when nil.
    package var timeout: Duration?
    /// The largest answer that is read; the client's own limit when nil.
    package var bodyLimit: Int?

    package init(
        _ method: Method, _ path: String, query: FormFields = [:], headers: [HeaderField] = [],
        body: Body = .none, timeout: Duration? = nil, bodyLimit: Int? = nil
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body
        self.timeout = timeout
        self.bodyLimit = bodyLimit
    }

    /// What logs and errors call it: no query, no header and no body, which may hold secrets or personal
    /// data.
    package var operation: String { "\(method.rawValue) \(path)" }

    var payload: (bytes: [UInt8], contentType: String)? {
        switch body {
        case .none: nil
        case .form(let fields): (Array(fields.encoded.utf8), "application/x-www-form-urlencoded")
        case .json(let value): (value.bytes, "application/json")
        case .bytes(let bytes, let contentType): (bytes, contentType)
        }
    }
}

extension VendorRequest: CustomStringConvertible, CustomDebugStringConvertible {
    package var description: String { operation }
    package var debugDescription: String { operation }
}

/// A header line whose value never shows in a description.
package struct HeaderField: Sendable, Equatable {
    package let name: String
    package let value: Secret

    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = Secret(value)
    }
}

/// A complete answer; its body was read to the end, within the limit.
package struct VendorResponse: Sendable {
    package let status: Int
    package let headers: [(name: String, value: String)]
    package let body: [UInt8]
    /// Our clock when the head arrived; waits are measured from the server's own clock where it tells it.
    package let receivedAt: Date

    package init(status: Int, headers: [(name: String, value: String)], body: [UInt8], receivedAt: Date) {
        self.status = status
        self.headers = headers
        self.body = body
        self.receivedAt = receivedAt
    }

    package var isSuccess: Bool { (200..<300).contains(status) }

    /// The first header of that name, whatever its case.
    package func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    /// The body as JSON, or nil when it is anything else: empty, HTML, cut off.
    package var json: JSON? {
        // The reason a body is no JSON adds nothing to the body itself, which callers report.
        try? JSON(parsing: body)
    }

    package var text: String { String(decoding: body, as: UTF8.self) }

    /// The first characters of the body on one line, for an error that has nothing better to say.
    package var excerpt: String {
        let line = text.prefix(160).map { $0.isNewline ? " " : $0 }
        return body.isEmpty ? Self.emptyBody : String(line)
    }

    /// How an answer without a body is quoted.
    package static let emptyBody = "an empty body"
}

/// Which vendor account a call went to and what it was: carried by every vendor error.
package struct VendorCall: Sendable, Hashable, Codable {
    package let account: VendorAccount
    /// Method and path, without the query.
    package let operation: String
    /// The vendor's own name of the call, to quote to its support.
    package let requestID: String?

    package init(account: VendorAccount, operation: String, requestID: String? = nil) {
        self.account = account
        self.operation = operation
        self.requestID = requestID
    }
}

extension VendorCall: CustomStringConvertible {
    package var description: String {
        "\(account) \(operation)" + (requestID.map { " (\($0))" } ?? "")
    }
}

/// The account at a vendor whose limits and breaker a call shares, such as `smartbill:RO12345674`.
package struct VendorAccount: Sendable, Hashable, Codable, CustomStringConvertible {
    package let vendor: String
    package let name: String

    package init(vendor: String, name: String) {
        self.vendor = vendor
        self.name = name
    }

    package var description: String { "\(vendor):\(name)" }
}
