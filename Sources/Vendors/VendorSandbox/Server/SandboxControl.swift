import Foundation

// The levers beside every vendor, under `/_sandbox/`. They are not recorded and meet no faults. What is not
// listed here is the vendor's own: hosted pages, for instance.

/// Answers the control endpoints.
struct SandboxControl {
    let vendor: any SandboxVendor
    let workbench: Workbench

    /// Nil when the request is for the vendor.
    func respond(to request: SandboxRequest) async -> SandboxResponse? {
        guard request.path.hasPrefix("/_sandbox/") else { return nil }
        switch (request.method, request.path) {
        case ("GET", "/_sandbox/health"): return .json(["vendor": .string(vendor.name), "status": "ok"])
        case ("GET", "/_sandbox/calls"): return calls(request)
        case ("GET", "/_sandbox/effects"): return effects()
        case ("GET", "/_sandbox/webhooks"): return await webhooks(request)
        case ("POST", "/_sandbox/webhooks/resend"): return await resend(request)
        case ("GET", "/_sandbox/faults"): return .json(["faults": .array(workbench.faults.map(\.json))])
        case ("POST", "/_sandbox/faults"): return addFaults(request)
        case ("DELETE", "/_sandbox/faults"): return clearFaults()
        case ("POST", "/_sandbox/reset"): return await reset()
        case ("POST", "/_sandbox/clock"): return await moveClock(request)
        case ("GET", "/_sandbox/clock"): return .json(["now": .integer(workbench.clock.seconds)])
        default: return await objects(request)
        }
    }

    private func calls(_ request: SandboxRequest) -> SandboxResponse {
        var calls = workbench.calls.calls
        if let path = request.query("path") {
            let template = PathTemplate(path)
            calls = calls.filter { template.match($0.path) != nil }
        }
        if let method = request.query("method")?.uppercased() {
            calls = calls.filter { $0.method == method }
        }
        if let effect = request.query("effect") { calls = calls.filter { $0.effect?.name == effect } }
        return .json(["calls": .array(calls.map(\.json)), "count": .integer(Int64(calls.count))])
    }

    private func effects() -> SandboxResponse {
        .json(["effects": .object(workbench.calls.effects.mapValues { .integer(Int64($0)) })])
    }

    private func webhooks(_ request: SandboxRequest) async -> SandboxResponse {
        var deliveries = await workbench.webhooks.deliveries
        if let type = request.query("type") { deliveries = deliveries.filter { $0.type == type } }
        if let state = request.query("state") {
            deliveries = deliveries.filter { $0.state.rawValue == state }
        }
        return .json([
            "webhooks": .array(deliveries.map(\.json)), "count": .integer(Int64(deliveries.count)),
        ])
    }

    private func resend(_ request: SandboxRequest) async -> SandboxResponse {
        // Without a body everything that was given up is sent again.
        let event = (try? request.json())?["id"].string
        await workbench.webhooks.resend(event)
        return .json(["resent": true])
    }

    private func addFaults(_ request: SandboxRequest) -> SandboxResponse {
        do {
            let json = try request.json()
            let descriptions = json.array.isEmpty ? [json] : json.array
            let faults = try descriptions.map { try Fault($0) }
            for fault in faults { workbench.inject(fault) }
            return .json(["faults": .array(workbench.faults.map(\.json))], status: 201)
        } catch let malformed as Fault.Malformed {
            return .json(["error": .string(malformed.message)], status: 400)
        } catch {
            return .json(["error": "the body is not JSON"], status: 400)
        }
    }

    private func clearFaults() -> SandboxResponse {
        workbench.clearFaults()
        return .json(["faults": []])
    }

    private func reset() async -> SandboxResponse {
        await workbench.reset()
        await vendor.reset()
        return .json(["reset": true])
    }

    private func moveClock(_ request: SandboxRequest) async -> SandboxResponse {
        // A body that is not JSON has no number either, and is refused with the same sentence.
        guard let seconds = (try? request.json())?["advance_seconds"].integer, seconds >= 0 else {
            return .json(["error": "advance_seconds must be a whole number, zero or more"], status: 400)
        }
        workbench.clock.advance(seconds: seconds)
        await vendor.clockMoved()
        return .json(["now": .integer(workbench.clock.seconds)])
    }

    private func objects(_ request: SandboxRequest) async -> SandboxResponse? {
        let template = PathTemplate("/_sandbox/objects/{kind}")
        guard request.method == "GET", let kind = template.match(request.path)?["kind"] else { return nil }
        guard let objects = await vendor.objects(kind) else {
            return .json(["error": .string("\(vendor.name) has no objects of kind \(kind)")], status: 404)
        }
        return .json(["objects": .array(objects), "count": .integer(Int64(objects.count))])
    }
}
