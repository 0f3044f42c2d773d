// Every request passes here, whatever happens to it: it gets an id, its host is resolved, what goes wrong
// becomes an answer, and security headers, metrics and the access log are added to all answers alike.

import Commerce
import Foundation
import HTTPTypes
import Hummingbird
import Logging

struct Reception: HTTPResponder {
    typealias Context = VisitContext

    let configuration: WebServer.Configuration
    let hosts: HostDirectory
    let signer: SessionSigner
    let metrics: MetricsRegistry
    let accessLog: AccessLog
    let router: RouterResponder<VisitContext>
    private let trace = RequestTrace()

    func respond(to request: Request, context: VisitContext) async throws -> Response {
        let isTrusted = configuration.trustedProxies.contains(context.clientAddress)
        return try await trace.around(request, isTrusted: isTrusted, context: context) {
            try await receive(request, context)
        }
    }

    private func receive(_ request: Request, _ context: VisitContext) async throws -> Response {
        let started = ContinuousClock.now
        var context = context
        let id = UUID().uuidString.lowercased()
        context.logger[metadataKey: "request"] = "\(id)"
        metrics.adjust("cartflux_http_requests_in_flight", by: 1)
        defer { metrics.adjust("cartflux_http_requests_in_flight", by: -1) }

        var visit: WebRequest?
        var problem: ProblemName?
        var answer: Response
        do {
            let opened = try await open(request, id: id, context: context)
            visit = opened
            context.visit = opened
            if let domain = CanonicalHost.redirect(opened) {
                answer = Response(domain)
            } else {
                answer = try await router.respond(to: request, context: context)
                // The router answers by itself where it knows no such path, with nothing to read.
                if answer.status == .notFound, answer.body.contentLength == 0 {
                    throw HTTPError(.notFound)
                }
            }
        } catch {
            let refused = refuse(error, id: id, visit: visit, request: request, context: context)
            problem = refused.name
            answer = refused.response
        }
        for (name, value) in visit?.answerHeaders.value ?? [:] { answer.headers.set(name, value) }
        let security = SecurityHeaders.all(isSecure: configuration.isSecure, frames(of: visit))
        for (name, value) in security {
            answer.headers.set(name, value)
        }
        answer.headers.set("X-Request-ID", id)
        note(request, answer, visit: visit, problem: problem, id: id, context: context, since: started)
        return answer
    }

    /// What is known before any endpoint is chosen.
    private func open(_ request: Request, id: String, context: VisitContext) async throws -> WebRequest {
        let now = Date()
        var headers: [String: String] = [:]
        for field in request.headers {
            let name = field.name.canonicalName
            headers[name] =
                headers[name].map { "\($0)\(name == "cookie" ? "; " : ", ")\(field.value)" } ?? field.value
        }
        let authority = request.head.authority ?? headers["host"] ?? ""
        let site = try await hosts.site(authority: authority, now: now)
        var visit = WebRequest(
            id: id, method: request.method.rawValue, path: request.uri.path,
            query: PercentCoding.query(request.uri.query ?? ""), headers: headers, authority: authority,
            clientAddress: clientAddress(context.clientAddress, headers["x-forwarded-for"]), site: site,
            session: signer.session(cookieHeader: headers["cookie"]), receivedAt: now)
        visit.isSecure = configuration.isSecure
        visit.rawQuery = request.uri.query
        visit.port = context.port
        visit.previews = signer.previews
        if case .store(let store) = site {
            if !store.isPublic, !visit.mayPreview { visit.site = .unknown }
            if let theme = visit.triedTheme { visit.site = .store(store.wearing(theme)) }
        }
        if let language = Self.pathLanguage(request.uri.path) {
            visit.language = language
            visit.languageIsExplicit = true
        } else if case .store(let store) = visit.site {
            visit.language = store.language
        }
        return visit
    }

    /// The last address that a trusted proxy added; the ones before it are the client's own claims.
    private func clientAddress(_ peer: String, _ forwarded: String?) -> String {
        guard configuration.trustedProxies.contains(peer),
            let last = forwarded?.split(separator: ",").last?.trimmed, !last.isEmpty
        else { return peer }
        return last
    }

    private static func pathLanguage(_ path: String) -> Language? {
        let parts = path.split(separator: "/", maxSplits: 1)
        return parts.first.flatMap { Language(rawValue: String($0)) }
    }

    /// A page for merchants shows the frames that it named; a shop stands in one of theirs for whoever came
    /// with a pass that they gave out.
    private func frames(of visit: WebRequest?) -> SecurityHeaders.Frames {
        guard let visit else { return .none }
        switch visit.site {
        case .dashboard: return SecurityHeaders.Frames(shown: visit.framed.value ?? [])
        case .store where visit.keptPreviewPass != nil:
            return SecurityHeaders.Frames(shownBy: hosts.dashboardHosts.map(visit.origin(of:)))
        default: return .none
        }
    }

    private func refuse(
        _ error: any Error, id: String, visit: WebRequest?, request: Request, context: VisitContext
    ) -> (name: ProblemName, response: Response) {
        var (problem, isOurFault) = ProblemTranslation.problem(for: error)
        if error is HTTPError {
            // The router knows no such path.
            problem = WebProblem(.notFound)
            isOurFault = false
            if case .unknown? = visit?.site { problem = WebProblem(.misdirected) }
        }
        if isOurFault {
            context.logger.error(
                "request failed", metadata: ["route": "\(context.route)", "error": "\(error)"])
        }
        let response: WebResponse
        if wantsPage(request, context: context) {
            var home: String?
            if let visit, case .store = visit.site { home = visit.address("/") }
            response = ErrorPage.response(
                problem, requestID: id, language: visit?.language ?? .english, homeAddress: home)
        } else {
            response = problem.document(requestID: id)
        }
        return (problem.name, Response(response))
    }

    private func wantsPage(_ request: Request, context: VisitContext) -> Bool {
        if let kind = context.kind.value { return kind == .page || kind == .form }
        let path = request.uri.path
        if path.hasPrefix("/api/") || path.hasPrefix("/webhooks/") { return false }
        return request.headers[.accept]?.contains("text/html") ?? false
    }

    private func note(
        _ request: Request, _ answer: Response, visit: WebRequest?, problem: ProblemName?, id: String,
        context: VisitContext, since started: ContinuousClock.Instant
    ) {
        let elapsed = started.duration(to: .now)
        let seconds = Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) / 1e18
        // The method and the route come from our own tables, so that no client can invent label values.
        let route = context.route
        let method = Endpoint.methods.contains(request.method.rawValue) ? request.method.rawValue : "other"
        let labels = [("method", method), ("route", route), ("status", String(answer.status.code))]
        metrics.count("cartflux_http_requests_total", labels)
        metrics.observe("cartflux_http_request_seconds", [("route", route)], seconds)
        var tenant: String?
        if case .store(let store)? = visit?.site { tenant = store.tenant.description }
        accessLog.record(
            AccessRecord(
                time: Date(), requestId: id, method: method, route: route, status: Int(answer.status.code),
                milliseconds: (seconds * 100_000).rounded() / 100, bytes: answer.body.contentLength,
                tenant: tenant, problem: problem?.rawValue))
    }
}
