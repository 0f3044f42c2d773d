import Foundation
import VendorHTTP

/// The demo's browser: plain HTTP, with the host of a store where one is named.
struct DemoHTTP: Sendable {
    private let client: VendorHTTPClient
    private let host: String?

    init(base: String, host: String? = nil) {
        self.host = host
        client = VendorHTTPClient(
            account: VendorAccount(vendor: "demo", name: "shopper"), base: base, headers: [])
    }

    func get(_ path: String, headers: [HeaderField] = []) async throws -> VendorResponse {
        try await send(.get, path, .none, headers)
    }

    func post(_ path: String, _ body: JSON, headers: [HeaderField] = []) async throws -> VendorResponse {
        try await send(.post, path, .json(body), headers)
    }

    func post(
        _ path: String, form: FormFields, headers: [HeaderField] = []
    ) async throws -> VendorResponse {
        try await send(.post, path, .form(form), headers)
    }

    private func send(
        _ method: VendorRequest.Method, _ path: String, _ body: VendorRequest.Body,
        _ headers: [HeaderField] = []
    ) async throws -> VendorResponse {
        var all = headers
        if let host { all.append(HeaderField("Host", host)) }
        return try await client.send(VendorRequest(method, path, headers: all, body: body))
    }
}

extension VendorResponse {
    /// The body as JSON, or a problem that shows what came instead.
    func document(_ what: String) throws -> JSON {
        guard isSuccess, let json else { throw DemoProblem("\(what) answered \(status): \(excerpt)") }
        return json
    }
}
