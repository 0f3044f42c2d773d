// The counter where an endpoint's rules are applied before its handler runs: on which hosts it exists, how
// much a client may send and in what form, who may post, and how often.

import Foundation
import Hummingbird

struct Counter: Sendable {
    let endpoint: Endpoint
    let configuration: WebServer.Configuration
    let signer: SessionSigner
    let rateLimit: RateLimit

    func respond(to request: Request, context: VisitContext) async throws -> Response {
        context.kind.note(endpoint.kind)
        guard var visit = context.visit else { preconditionFailure("the reception opens every visit") }
        try admit(visit)
        for (name, value) in context.parameters {
            guard let decoded = PercentCoding.decode(value.utf8) else { throw WebProblem(.notFound) }
            visit.parameters[String(name)] = decoded
        }
        if endpoint.isRateLimited {
            let standing = try rateLimit.check(visit.clientNetwork, now: visit.receivedAt)
            if endpoint.kind == .api { visit.answerHeaders.note(standing.headers) }
        }
        if endpoint.readsBody {
            try checkType(visit)
            visit.body = try await read(request)
        }
        if endpoint.kind == .form {
            visit.form = try FormFields(body: visit.body)
            try CrossSiteGuard(signer: signer).check(visit)
        }
        let showsForms = endpoint.kind == .page || endpoint.kind == .form
        if showsForms { visit.formToken = signer.formToken(for: visit.session) }

        var response = try await endpoint.handler(visit)

        if response.renewsSession {
            response.cookies.append(signer.cookie(for: Session()))
        } else if showsForms, visit.session.isNew, !response.keepsNoSession {
            response.cookies.append(signer.cookie(for: visit.session))
        }
        return Response(response, cut: context.cut)
    }

    /// Whether the endpoint exists on the host that was asked for.
    func admits(_ visit: WebRequest) -> Bool {
        switch (endpoint.scope, visit.site) {
        case (.anywhere, _), (.store, .store), (.platform, .platform), (.dashboard, .dashboard),
            (.console, .console), (.operations, .platform), (.operations, .unknown):
            true
        default: false
        }
    }

    private func admit(_ visit: WebRequest) throws(WebProblem) {
        guard !admits(visit) else { return }
        if case .unknown = visit.site { throw WebProblem(.misdirected) }
        throw WebProblem(.notFound)
    }

    private func checkType(_ visit: WebRequest) throws(WebProblem) {
        let given = visit.headers["content-type"]?.split(separator: ";").first?.trimmed.lowercased()
        let accepted: String
        switch endpoint.kind {
        case .form: accepted = "application/x-www-form-urlencoded"
        // A vendor's call is judged by its signature over the raw bytes.
        case .webhook: return
        default: accepted = "application/json"
        }
        guard given == accepted else {
            throw WebProblem(.unsupportedMediaType, "send \(accepted)", headers: ["Accept": accepted])
        }
    }

    private func read(_ request: Request) async throws -> [UInt8] {
        let limit = configuration.bodyLimit
        let tooLarge = WebProblem(
            .bodyTooLarge, "at most \(limit) bytes are read", headers: ["Connection": "close"])
        if let announced = request.headers[.contentLength].flatMap({ Int($0) }), announced > limit {
            throw tooLarge
        }
        var bytes: [UInt8] = []
        for try await part in request.body {
            guard bytes.count + part.readableBytes <= limit else { throw tooLarge }
            bytes += part.readableBytesView
        }
        return bytes
    }
}

/// The counters at one address: faces on different hosts share paths such as `/`, and the host decides.
struct CounterRow: Sendable {
    private(set) var counters: [Counter] = []

    mutating func add(_ counter: Counter) { counters.append(counter) }

    func respond(to request: Request, context: VisitContext) async throws -> Response {
        guard let visit = context.visit else { preconditionFailure("the reception opens every visit") }
        // Where none is right, the first one says how it is refused.
        let counter = counters.first { $0.admits(visit) } ?? counters[0]
        return try await counter.respond(to: request, context: context)
    }
}

extension Endpoint {
    static let methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]

    var readsBody: Bool { method == "POST" || method == "PUT" || method == "PATCH" }
}
