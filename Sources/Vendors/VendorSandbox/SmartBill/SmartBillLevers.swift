import Foundation

// What happens inside an account without the interface: series are made, periods closed, companies leave.

extension SmartBillSandbox {
    /// Answers a lever.
    func pull(_ request: SandboxRequest) -> SandboxResponse {
        // A body that is no JSON has none of the members that the levers need.
        let body = (try? request.json()) ?? [:]
        switch (request.method, request.path) {
        case ("POST", "/_sandbox/limits"): return setLimits(body)
        case ("POST", "/_sandbox/series"): return setSeries(body)
        case ("POST", "/_sandbox/closed_period"):
            world.closedUntil = body["until"].string
            return .json(["until": JSON(world.closedUntil)])
        case ("POST", "/_sandbox/companies"): return setCompany(body)
        default:
            return Self.refused("the SmartBill sandbox has no lever at \(request.path)", status: 404)
        }
    }

    /// `{"enabled", "calls"?, "window_seconds"?, "block_seconds"?}`
    private func setLimits(_ body: JSON) -> SandboxResponse {
        guard body["enabled"].bool ?? true else {
            limit = nil
            return .json(["enabled": false])
        }
        let standard = SmartBillLimit()
        let rule = CallWindow.Rule(
            calls: body["calls"].integer.map(Int.init) ?? standard.rule.calls,
            seconds: body["window_seconds"].integer.map(Double.init) ?? standard.rule.seconds)
        limit = SmartBillLimit(
            rule: rule, blockSeconds: body["block_seconds"].integer.map(Double.init) ?? standard.blockSeconds)
        return .json(["enabled": true, "calls": .integer(Int64(rule.calls))])
    }

    /// `{"name", "type"?, "next_number"?}` makes a series, or sets where an unused one begins.
    private func setSeries(_ body: JSON) -> SandboxResponse {
        guard let name = body["name"].string, !name.isEmpty else { return Self.refused("a name is needed") }
        let series = SmartBillSeries(
            name: name, type: body["type"].string ?? "f", firstNumber: body["next_number"].integer)
        world.series.removeAll { $0.name == name }
        world.series.append(series)
        return .json(["name": .string(name), "type": .string(series.type)], status: 201)
    }

    /// `{"cif", "closed"}`
    private func setCompany(_ body: JSON) -> SandboxResponse {
        guard let code = body["cif"].string else { return Self.refused("a cif is needed") }
        let digits = code.uppercased().hasPrefix("RO") ? String(code.dropFirst(2)) : code
        if body["closed"].bool ?? true {
            world.closedCompanies.insert(digits)
        } else {
            world.closedCompanies.remove(digits)
        }
        return .json(["closed": .array(world.closedCompanies.sorted().map(JSON.string))])
    }

    private static func refused(_ message: String, status: Int = 400) -> SandboxResponse {
        .json(["error": .string(message)], status: status)
    }
}
