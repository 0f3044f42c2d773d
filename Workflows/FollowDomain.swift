// A store's own domain: its DNS is looked at until the proof is there and it leads here, and from then on
// once a day. One that stops leading here is served for three more days, in which its owner is told, and then
// no more: whoever has the name next must not find our store under it. Certificates are made at the edge,
// which asks the gateway which hosts are ours; nothing here waits for them.

import Commerce
import CommerceStore
import DomainRecords
import Durable
import FoundationEssentials

/// Follows one domain from the wish for it to its end.
package struct FollowDomain: Workflow {
    package static let name: WorkflowName = "custom_domain"

    package enum Step: String, WorkflowStep {
        case read, look, record
        case carryOn = "carry_on"
    }

    package struct Input: Codable, Sendable {
        package let domain: DomainID
        /// Which run of this domain it is: a long life is told by several.
        package let generation: Int

        package init(domain: DomainID, generation: Int = 0) {
            self.domain = domain
            self.generation = generation
        }
    }

    package enum Output: String, Codable, Sendable {
        case ended
        /// Another run goes on.
        case carriedOn = "carried_on"
    }

    /// Looks of one run: about a year of daily ones.
    private static let lookLimit = 400

    let shop: Shop

    private struct View: Codable, Sendable {
        let name: DomainName
        let proof: String
        let target: String
        let isActive: Bool
    }

    package func run(_ input: Input, _ flow: Flow<Self>) async throws -> Output {
        var looks = 0
        var attempts = 0
        while looks < Self.lookLimit {
            looks += 1
            guard let view = try await read(input.domain, looks, flow) else { return .ended }
            let finding = try await look(view, looks, flow)
            let isLast = !view.isActive && attempts >= DomainPatience.setUp.count
            let isActive = try await record(finding, input.domain, looks, isLast: isLast, flow)
            guard let isActive else { return .ended }
            attempts = isActive ? 0 : attempts + 1
            let pause =
                isActive || attempts > DomainPatience.setUp.count
                ? DomainPatience.daily : DomainPatience.setUp[max(0, attempts - 1)]
            // Whoever has just changed the DNS, or removed the domain, need not wait.
            _ = try await flow.wait(.domainNudge, upTo: pause)
        }
        try await flow.write(.carryOn, in: shop) { tx in
            try await shop.starter.start(
                FollowDomain.self, Input(domain: input.domain, generation: input.generation + 1),
                once: "domain:\(input.domain):\(input.generation + 1)", with: tx)
        }
        return .carriedOn
    }

    /// Nil when the domain was removed or given up.
    private func read(_ id: DomainID, _ look: Int, _ flow: Flow<Self>) async throws -> View? {
        let run = flow.id.rawValue
        return try await flow.transaction(.read, for: look, on: shop.transactions) { tx in
            let domain = try await CustomDomains().load(id, in: tx)
            guard domain.isOpen else { return nil }
            try await CustomDomains().recordRun(run, of: id, in: tx)
            let store = try await Stores().load(in: tx)
            return View(
                name: domain.name, proof: domain.proof, target: shop.pages.host(of: store),
                isActive: domain.state == .active)
        }
    }

    /// Nil where the DNS could not be asked, which says nothing about the domain.
    private func look(_ view: View, _ look: Int, _ flow: Flow<Self>) async throws -> DomainFinding? {
        do {
            return try await flow.step(.look, for: look, retry: .standard) { _ in
                try await shop.domains.look(
                    at: view.name.rawValue, proofName: view.name.proofName,
                    proof: DomainName.proofText(view.proof), target: view.target)
            }
        } catch is StepFailed {
            return nil
        }
    }

    /// Whether the domain is served now; nil when it is over.
    private func record(
        _ finding: DomainFinding?, _ id: DomainID, _ look: Int, isLast: Bool, _ flow: Flow<Self>
    ) async throws -> Bool? {
        try await flow.transaction(.record, for: look, on: shop.transactions) { tx in
            let now = shop.clock.now
            let domain = try await CustomDomains().load(id, in: tx)
            guard domain.isOpen else { return nil }
            if let limit = try await Self.limit(in: tx) {
                try await CustomDomains().close(id, as: .expired, problem: limit, in: tx)
                return nil
            }
            guard let finding else { return domain.state == .active }
            if finding.isProven, finding.leadsHere,
                try await CustomDomains().activate(id, at: now, in: tx)
            {
                return true
            }
            let problem = Self.problem(finding)
            let since = try await CustomDomains().note(problem, of: id, at: now, in: tx)
            guard domain.state == .active else {
                if isLast { try await CustomDomains().close(id, as: .expired, problem: problem, in: tx) }
                return isLast ? nil : false
            }
            try await tell(domain, problem, tx)
            guard since.adding(DomainPatience.grace) <= now else { return true }
            try await CustomDomains().close(id, as: .expired, problem: problem, in: tx)
            return nil
        }
    }

    /// Why the store's plan has no domain any more.
    private static func limit(in tx: Transaction<OneTenant>) async throws -> String? {
        do {
            try await PlanGate().check(.customDomain, in: tx)
            return nil
        } catch CommerceError.planLimit(let limit) {
            return "\(limit)"
        }
    }

    private static func problem(_ finding: DomainFinding) -> String {
        if finding.isProven, finding.leadsHere { return "another store is served at this domain" }
        if !finding.isProven { return "the TXT record with the proof is not there" }
        let seen = finding.seen.isEmpty ? "nowhere" : "to " + finding.seen.joined(separator: ", ")
        return "the domain leads \(seen) instead of here"
    }

    private func tell(
        _ domain: CustomDomain, _ problem: String, _ tx: Transaction<OneTenant>
    ) async throws {
        try await Attention().open(
            .domain, subject: "\(domain.id)",
            message: "\(domain.name): \(problem); after three days it is served no more", in: tx)
    }
}

extension Signal where Payload == Nothing {
    /// The domain was changed: look now.
    package static var domainNudge: Signal<Nothing> { "domain_nudge" }
}
