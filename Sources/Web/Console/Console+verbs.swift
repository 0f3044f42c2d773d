// Acting on a run. The role is asked first, then the fields; then the engine's own operation does it, which
// compares with what the page showed and writes the audit. A refusal shows the page again with what was
// typed, and says what stands in the way.

import CommerceStore
import Durable
import Fleet
import Foundation
import WebSupport

extension Console {
    func act(_ request: WebRequest, _ admin: Admin) async throws -> WebResponse {
        let run = try request.run()
        let word = try request.parameter("verb")
        if word == "reveal" { return try await reveal(run, request, admin) }
        guard let verb = Verb(rawValue: word) else { throw WebProblem(.notFound) }
        let how = Cancellation(rawValue: request.form["how"] ?? "") ?? .undo
        guard admin.role.may(verb.act(how)) else { return refused(request, admin, verb.act(how)) }
        var problems = Self.problems(verb, request)
        var status = 422
        if let mandate = mandate(request, admin), problems.isEmpty {
            do {
                if verb == .export { return try await export(run, mandate) }
                let result = try await perform(verb, on: run, how, mandate, request)
                return .seeOther(
                    PageAddress("/ops/runs/\(result.run)").with([
                        "act": verb == .fork ? "" : result.audit.map { "\($0)" } ?? ""
                    ]))
            } catch let error as OperationError {
                problems = [FieldError(Self.field(of: error), "\(error)")]
                status = 409
            } catch let error as SubjectProblem {
                problems = [FieldError("run", "\(error)")]
                status = 409
            }
        }
        guard let file = try await file(of: run) else { throw WebProblem(.notFound) }
        return try await runPage(
            file, request, admin, tried: verb, problems: problems, status: status)
    }

    private static func problems(_ verb: Verb, _ request: WebRequest) -> [FieldError] {
        var problems: [FieldError] = []
        let reason = request.form["reason"] ?? ""
        if reason.isEmpty || reason.count > 1_000 {
            problems.append(FieldError("reason", "Say why, in up to 1,000 characters: the audit keeps it."))
        }
        if verb.asksTwice, request.form["confirm"] != "yes" {
            problems.append(FieldError("confirm", "Tick the box when you have read what this does."))
        }
        if verb == .signal, (request.form["name"] ?? "").isEmpty {
            problems.append(FieldError("name", "Name the signal, as the sentence on top does."))
        }
        if verb == .skip, (request.form["step"] ?? "").isEmpty {
            problems.append(FieldError("step", "Name the step."))
        }
        return problems
    }

    private static func field(of error: OperationError) -> String {
        switch error {
        case .mandate: "reason"
        case .noSuchStep: "step"
        case .payload, .notJSON: "input"
        default: "run"
        }
    }

    private func perform(
        _ verb: Verb, on run: RunID, _ how: Cancellation, _ mandate: Mandate, _ request: WebRequest
    ) async throws -> OperationResult {
        let operations = tools.operations
        let sight = Sighting(
            status: request.form["status"].flatMap { RunStatus(rawValue: $0) },
            epoch: request.form["epoch"].flatMap { Int64($0) })
        func json(_ name: String) -> Payload { Payload(json: request.form[name] ?? "null") }
        let once = request.form["once"].flatMap { UUID(uuidString: $0) } ?? UUID()
        switch verb {
        case .retry: return try await operations.retry(run, by: mandate, seenAs: sight)
        case .resume: return try await operations.resume(run, by: mandate, seenAs: sight)
        case .rerun:
            let from = StepKey(written: request.form["from"] ?? "")
            return try await operations.rerun(run, from: from, by: mandate, seenAs: sight)
        case .fork:
            let from = request.form["from"].flatMap { $0.isEmpty ? nil : StepKey(written: $0) }
            let input = request.form["input"].flatMap { $0.isEmpty ? nil : Payload(json: $0) }
            return try await operations.fork(
                run, from: from, input: input, once: "console:\(once)", by: mandate, seenAs: sight)
        case .cancel: return try await operations.cancel(run, how, by: mandate, seenAs: sight)
        case .signal:
            return try await operations.signal(
                run, request.form["name"] ?? "", json("payload"), once: "operator:\(once)", by: mandate,
                seenAs: sight)
        case .skip:
            return try await operations.skip(
                run, step: StepKey(written: request.form["step"] ?? ""), output: json("output"),
                by: mandate, seenAs: sight)
        case .edit:
            return try await operations.edit(run, input: json("input"), by: mandate, seenAs: sight)
        case .export: preconditionFailure("an export is answered with its document")
        }
    }

    private func export(_ run: RunID, _ mandate: Mandate) async throws -> WebResponse {
        let (document, _) = try await tools.operations.export(run, by: mandate)
        return WebResponse(
            status: 200,
            headers: [
                "Content-Type": "application/json", "Cache-Control": "no-store",
                "Content-Disposition": "attachment; filename=\"run-\(run).json\"",
            ],
            body: .bytes(document.bytes))
    }

    /// Opens one run's words for one answer. The audit has it before anybody reads them.
    private func reveal(_ run: RunID, _ request: WebRequest, _ admin: Admin) async throws -> WebResponse {
        guard admin.role.may(.rewrite) else { return refused(request, admin, .rewrite) }
        guard let closed = try await file(of: run) else { throw WebProblem(.notFound) }
        guard let mandate = mandate(request, admin) else {
            return try await runPage(
                closed, request, admin, problems: [FieldError("reason", "Say why: the audit keeps it.")],
                status: 422)
        }
        _ = try await tools.pool.withTransaction { tx in
            try await Audit.append(AuditEntry("reveal", on: run.description, by: mandate), in: tx)
        }
        guard let opened = try await tools.opened.detail(run) else { throw WebProblem(.notFound) }
        return ConsolePage(
            request, title: "Opened run", admin: admin,
            main: """
                <h1>\(opened.line.workflow.rawValue) \(Show.run(run))</h1>
                \(RunData(run: opened, isRevealed: true).html)
                \(RunSteps(file: RunFile(detail: opened, told: opened), now: request.receivedAt).html)
                """
        ).response()
    }
}

extension StepKey {
    /// `name`, or `name[item]` as timelines print it.
    init(written text: String) {
        guard text.hasSuffix("]"), let open = text.firstIndex(of: "[") else {
            self.init(text)
            return
        }
        self.init(String(text[..<open]), item: String(text[text.index(after: open)...].dropLast()))
    }
}
