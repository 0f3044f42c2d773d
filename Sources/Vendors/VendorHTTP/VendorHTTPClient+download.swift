import AsyncHTTPClient
import NIOCore

// An answer that may be larger than the memory: handed on in parts while it arrives. Nothing is read ahead of
// whoever takes the parts, so a slow writer slows the sender down and nothing piles up.

/// The beginning of an answer, before its body.
package struct VendorHead: Sendable {
    package let status: Int
    private let headers: [(name: String, value: String)]

    init(status: Int, headers: [(name: String, value: String)]) {
        self.status = status
        self.headers = headers
    }

    /// The first header of that name, whatever its case.
    package func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}

extension VendorHTTPClient {
    /// Sends one request and hands its answer on in parts. An error of `take` ends the download and is thrown
    /// as it is; everything else is a `TransportFailure`.
    /// - Parameters:
    ///   - begin: hears the head, and says whether the body is wanted.
    ///   - take: gets each part as it comes, in order.
    package func download(
        _ request: VendorRequest, begin: (VendorHead) async throws -> Bool,
        take: ([UInt8]) async throws -> Void
    ) async throws {
        let passage = try await transport.gate?.enter(request, for: account)
        var isEntered = false
        do {
            try await transport.withClient(for: base) { client in
                isEntered = true
                try await download(request, over: client, passage, begin: begin, take: take)
            }
        } catch  where !isEntered {
            // The door refused the host, or nobody knows it.
            let failure = TransportFailure(error)
            await passage?.left(.failure(failure))
            throw failure
        }
    }

    private func download(
        _ request: VendorRequest, over client: HTTPClient, _ passage: (any VendorPassage)?,
        begin: (VendorHead) async throws -> Bool, take: ([UInt8]) async throws -> Void
    ) async throws {
        let head: VendorHead
        let body: HTTPClientResponse.Body
        do {
            let response = try await client.execute(
                outgoing(request), timeout: TimeAmount(request.timeout ?? timeout))
            head = VendorHead(
                status: Int(response.status.code), headers: response.headers.map { ($0.name, $0.value) })
            body = response.body
            await passage?.left(
                .success(
                    VendorResponse(
                        status: head.status, headers: response.headers.map { ($0.name, $0.value) }, body: [],
                        receivedAt: now())))
        } catch {
            let failure = TransportFailure(error)
            await passage?.left(.failure(failure))
            throw failure
        }
        guard try await begin(head) else { return }
        var parts = body.makeAsyncIterator()
        while true {
            let part: ByteBuffer?
            do { part = try await parts.next() } catch { throw TransportFailure(error) }
            guard let part else { return }
            try await take(Array(part.readableBytesView))
        }
    }
}
