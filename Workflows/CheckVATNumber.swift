// Whether a merchant's VAT number is registered, asked of the tax authorities. On it depends who owes the VAT
// on the platform's own invoices: a yes makes them go out by reverse charge, and is kept with its
// consultation number as the evidence; a no is for the merchant to look at; silence changes nothing, because
// the registers of member states are often away, and that says nothing about a number. Until there is a yes,
// VAT is charged.

import Commerce
import CommerceStore
import Durable
import FoundationEssentials
import VIES

/// Asks about the number of the account that is billed with this store.
package struct CheckVATNumber: Workflow {
    package static let name: WorkflowName = "check_vat_number"

    package enum Step: String, WorkflowStep { case read, ask, record }

    package struct Input: Codable, Sendable {
        package let number: VATNumber
        package init(number: VATNumber) { self.number = number }
    }

    package enum Output: String, Codable, Sendable {
        case valid, invalid
        /// The merchant has given another number meanwhile, which has a run of its own.
        case changed
        /// Whoever owes the VAT does not depend on the number.
        case notNeeded = "not_needed"
        /// Nobody answered for a day. The next round asks again.
        case unavailable
    }

    /// A day, because after it the next round comes anyway.
    private static let patience = RetryPolicy(
        attempts: nil, within: .seconds(86_400), base: .seconds(2), cap: .seconds(3_600))

    private enum Question: Codable, Sendable {
        /// In whose name it is asked; nil where the platform's own number is none.
        case of(VATNumber?)
        case settled(Output)
    }

    let shop: Shop

    package func run(_ input: Input, _ flow: Flow<Self>) async throws -> Output {
        let question = try await flow.transaction(.read, on: shop.transactions) { tx in
            try await read(input.number, in: tx)
        }
        switch question {
        case .settled(let end): return end
        case .of(let platform):
            guard let answer = try await ask(input.number, for: platform, flow) else { return .unavailable }
            let run = flow.id.rawValue
            return try await flow.transaction(.record, on: shop.transactions) { tx in
                try await record(answer, about: input.number, askedBy: run, in: tx)
            }
        }
    }

    private func read(_ number: VATNumber, in tx: Transaction<OneTenant>) async throws -> Question {
        let account = try await account(in: tx)
        guard account.vatNumber == number.rawValue else { return .settled(.changed) }
        let platform = try await BillingAccounts().seller(in: tx)
        guard PlatformVAT.dependsOnNumber(seller: platform.country, buyer: account.country) else {
            return .settled(.notNeeded)
        }
        // A number that cannot be right is not named: only the consultation number is lost with it.
        return .of(try? VATNumber(parsing: platform.vatNumber, of: platform.country))
    }

    /// Nil where nobody answered. Being turned away for good is for an operator.
    private func ask(
        _ number: VATNumber, for platform: VATNumber?, _ flow: Flow<Self>
    ) async throws -> VIESAnswer? {
        do {
            return try await flow.step(.ask, retry: Self.patience) { _ in
                try await shop.vies.check(number, for: platform)
            }
        } catch let failure as StepFailed where failure.failure.owner == nil {
            return nil
        }
    }

    private func record(
        _ answer: VIESAnswer, about number: VATNumber, askedBy run: UUID, in tx: Transaction<OneTenant>
    ) async throws -> Output {
        guard try await account(in: tx).vatNumber == number.rawValue else { return .changed }
        try await VATChecks().keep(
            VATChecks.Answer(
                number: number, isValid: answer.isValid, consultation: answer.consultation,
                name: answer.name, address: answer.address),
            askedBy: run, at: shop.clock.now, in: tx)
        let subject = number.rawValue
        try await Attention().resolveOthers(of: .vatNumber, than: subject, by: "another number", in: tx)
        guard answer.isValid else {
            try await Attention().open(
                .vatNumber, subject: subject,
                message: "\(number) is not registered for trade within the Union, so our invoices carry VAT. "
                    + "Correct it, or ask your tax office to register it; we ask again every week", in: tx)
            return .invalid
        }
        try await Attention().resolve(.vatNumber, subject: subject, by: "VIES", in: tx)
        return .valid
    }

    /// As the merchant has given it by now, held until the transaction ends.
    private func account(in tx: Transaction<OneTenant>) async throws -> BillingAccount {
        _ = try await BillingAccounts().lock(in: tx)
        return try await BillingAccounts().refreshIdentity(in: tx)
    }
}

extension CheckVATNumber {
    /// Starts the run about a number, in the transaction that writes it or finds it due, where our invoices
    /// depend on it. While one is on its way, another about the same number is not begun.
    package static func begin(
        _ number: VATNumber, with starter: some RunStarter, in tx: Transaction<OneTenant>
    ) async throws {
        let platform = try await BillingAccounts().seller(in: tx)
        guard PlatformVAT.dependsOnNumber(seller: platform.country, buyer: number.country) else { return }
        // The number of another store of the account is on no invoice of ours.
        guard try await VATChecks().isHome(in: tx) else { return }
        try await starter.startSingle(
            CheckVATNumber.self, Input(number: number), key: number.rawValue, with: tx)
    }
}
