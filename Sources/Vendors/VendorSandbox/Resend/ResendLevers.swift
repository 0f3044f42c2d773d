import Foundation

// What mail servers and people do to a message, and the switches of the account.

extension ResendSandbox {
    private static let happenings: Set<String> = [
        "sent", "delivered", "delivery_delayed", "bounced", "complained", "opened", "clicked", "failed",
        "suppressed",
    ]

    /// Answers a lever.
    func pull(_ request: SandboxRequest) -> SandboxResponse {
        // A body that is no JSON has none of the members that the levers need.
        let body = (try? request.json()) ?? [:]
        guard request.method == "POST" else {
            return Self.refused("levers are pulled with POST", status: 404)
        }
        if let id = PathTemplate("/_sandbox/emails/{id}/events").match(request.path)?["id"] {
            return happen(to: id, body)
        }
        switch request.path {
        case "/_sandbox/limits": return setLimits(body)
        case "/_sandbox/delivery":
            world.deliversByItself = body["automatic"].bool ?? true
            return .json(["automatic": .bool(world.deliversByItself)])
        case "/_sandbox/domains": return setDomain(body)
        default: return Self.refused("the Resend sandbox has no lever at \(request.path)", status: 404)
        }
    }

    /// `{"enabled", "calls"?, "daily_quota"?}`
    private func setLimits(_ body: JSON) -> SandboxResponse {
        let isOn = body["enabled"].bool ?? true
        limit = isOn ? CallWindow.Rule(calls: body["calls"].integer.map(Int.init) ?? 5, seconds: 1) : nil
        dailyQuota = isOn ? body["daily_quota"].integer.map(Int.init) : nil
        return .json(["enabled": .bool(isOn)])
    }

    /// `{"type": "bounced"}`: something happens to a message that was accepted.
    private func happen(to id: String, _ body: JSON) -> SandboxResponse {
        guard let type = body["type"].string, Self.happenings.contains(type) else {
            return Self.refused("type must be one of \(Self.happenings.sorted().joined(separator: ", "))")
        }
        // A message that does not exist is the lever's own kind of refusal.
        guard (try? world.email(id)) != nil else {
            return Self.refused("there is no email \(id)", status: 404)
        }
        world.note(type, on: id)
        return .json(["id": .string(id), "last_event": .string(type)])
    }

    /// `{"domain", "verified"}`: every domain is verified until this says otherwise.
    private func setDomain(_ body: JSON) -> SandboxResponse {
        guard let domain = body["domain"].string?.lowercased() else {
            return Self.refused("a domain is needed")
        }
        if body["verified"].bool ?? true {
            world.unverifiedDomains.remove(domain)
        } else {
            world.unverifiedDomains.insert(domain)
        }
        return .json(["unverified": .array(world.unverifiedDomains.sorted().map(JSON.string))])
    }

    private static func refused(_ message: String, status: Int = 400) -> SandboxResponse {
        .json(["error": .string(message)], status: status)
    }
}
