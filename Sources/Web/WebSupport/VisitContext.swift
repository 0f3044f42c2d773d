// What travels with a request through the HTTP library, and the translation between its types and ours.
// Nothing outside this folder sees the library.

import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Synchronization

struct VisitContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let clientAddress: String
    /// Of the socket that the request came to.
    let port: Int?
    /// Closes the connection, whatever waits on it.
    let cut: @Sendable () -> Void
    var visit: WebRequest?
    /// Filled by the chosen endpoint; a reference, so that the reception sees it after a failure too.
    let kind = Noted<Endpoint.Kind>()

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        clientAddress = source.channel.remoteAddress?.ipAddress ?? "unknown"
        port = source.channel.localAddress?.port
        cut = { [channel = source.channel] in channel.close(promise: nil) }
    }

    /// The pattern of the endpoint, never the path.
    var route: String { endpointPath ?? "none" }
}

/// A value that is written once along the way and read at the end.
package final class Noted<Value: Sendable>: Sendable {
    private let storage = Mutex<Value?>(nil)

    var value: Value? { storage.withLock { $0 } }

    package func note(_ value: Value) {
        storage.withLock { $0 = value }
    }
}

extension HTTPFields {
    /// Sets a header by name; names here are our own literals.
    mutating func set(_ name: String, _ value: String) {
        guard let name = HTTPField.Name(name) else { preconditionFailure("\(name) is not a header name") }
        self[name] = value
    }
}

extension Response {
    /// - Parameter cut: closes the connection under an event stream whose client does not read.
    init(_ response: WebResponse, cut: @escaping @Sendable () -> Void = {}) {
        var fields = HTTPFields()
        for (name, value) in response.headers { fields.set(name, value) }
        for cookie in response.cookies { fields.append(HTTPField(name: .setCookie, value: cookie)) }
        let body: ResponseBody
        switch response.body {
        case .none: body = ResponseBody()
        case .bytes(let bytes): body = ResponseBody(byteBuffer: ByteBuffer(bytes: bytes))
        case .events(let feed):
            body = ResponseBody { writer in
                try await feed.run({ text in try await writer.write(ByteBuffer(string: text)) }, cut: cut)
                try await writer.finish(nil)
            }
        }
        self.init(status: .init(code: response.status), headers: fields, body: body)
    }
}
