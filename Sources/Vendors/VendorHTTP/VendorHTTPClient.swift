// A thin client for one vendor account: base address, standing headers, limits. It adds nothing to HTTP:
// no retries, no pools of its own, no interpretation of statuses. What an answer means is each vendor
// module's affair.

import AsyncHTTPClient
import FoundationEssentials
import Logging
import NIOCore
import NIOHTTP1

/// Calls one vendor with one set of standing headers.
package struct VendorHTTPClient: Sendable {
    package let account: VendorAccount
    let base: String
    private let headers: [HeaderField]
    let timeout: Duration
    private let bodyLimit: Int
    let transport: VendorTransport
    let now: @Sendable () -> Date
    private let logger = Logger(label: "vendor.http")

    /// - Parameters:
    ///   - base: scheme, host, port and leading path, such as `https://ws.smartbill.ro/SBORO/api`.
    ///   - timeout: the longest a call may take, from connecting to the last byte of the answer.
    ///   - bodyLimit: the largest answer that is read, in bytes.
    package init(
        account: VendorAccount, base: String, headers: [HeaderField], timeout: Duration = .seconds(30),
        bodyLimit: Int = 4 << 20, transport: VendorTransport = .shared,
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.account = account
        self.base = base.hasSuffix("/") ? String(base.dropLast()) : base
        self.headers = headers + [HeaderField("User-Agent", "CartFlux/1")]
        self.timeout = timeout
        self.bodyLimit = bodyLimit
        self.transport = transport
        self.now = now
    }

    /// Sends one request and reads the whole answer, whatever its status.
    package func send(_ request: VendorRequest) async throws(TransportFailure) -> VendorResponse {
        let passage = try await transport.gate?.enter(request, for: account)
        do {
            let response = try await exchange(request)
            await passage?.left(.success(response))
            logger.debug(
                "vendor call",
                metadata: ["call": "\(call(request))", "status": "\(response.status)"])
            return response
        } catch {
            let failure = TransportFailure(error)
            await passage?.left(.failure(failure))
            throw failure
        }
    }

    /// The name of a call for its errors.
    package func call(_ request: VendorRequest, requestID: String? = nil) -> VendorCall {
        VendorCall(account: account, operation: request.operation, requestID: requestID)
    }

    private func exchange(_ request: VendorRequest) async throws -> VendorResponse {
        try await transport.withClient(for: base) { try await exchange(request, over: $0) }
    }

    private func exchange(
        _ request: VendorRequest, over client: HTTPClient
    ) async throws -> VendorResponse {
        let response = try await client.execute(
            outgoing(request), timeout: TimeAmount(request.timeout ?? timeout))
        let receivedAt = now()
        let status = Int(response.status.code)
        let limit = request.bodyLimit ?? bodyLimit
        var body: [UInt8] = []
        for try await part in response.body {
            guard body.count + part.readableBytes <= limit else {
                throw TransportFailure.oversized(status: status, limit: limit)
            }
            body.append(contentsOf: part.readableBytesView)
        }
        return VendorResponse(
            status: status, headers: response.headers.map { ($0.name, $0.value) }, body: body,
            receivedAt: receivedAt)
    }

    func outgoing(_ request: VendorRequest) -> HTTPClientRequest {
        let query = request.query.isEmpty ? "" : "?" + request.query.encoded
        var outgoing = HTTPClientRequest(url: base + request.path + query)
        outgoing.method = HTTPMethod(rawValue: request.method.rawValue)
        for field in headers where !request.headers.contains(where: { $0.name == field.name }) {
            outgoing.headers.add(name: field.name, value: field.value.reveal())
        }
        for field in request.headers {
            outgoing.headers.add(name: field.name, value: field.value.reveal())
        }
        if let payload = request.payload {
            outgoing.headers.replaceOrAdd(name: "Content-Type", value: payload.contentType)
            outgoing.body = .bytes(payload.bytes)
        }
        return outgoing
    }
}
