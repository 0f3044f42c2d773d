// The merchants' face put together: accounts, letters, the wizard's run and the vendors it asks.

import Commerce
import CommerceStore
import Dashboard
import Durable
import Fleet
import Foundation
import Resend
import SmartBill
import Stripe
import VendorHTTP
import WebSupport
import Workflows

extension Platform {
    /// Where merchants sign in.
    static func dashboardHost(_ domain: String) -> String { "app.\(domain)" }

    func dashboard(_ live: LiveHub) throws -> Dashboard {
        let shop = try shop
        let runs = runs
        let desk = AccountDesk(
            database: database, passwords: Passwords(), secrets: LetterTokens(try credentials),
            sender: OutgoingMessage.sender("CartFlux", at: shop.sender)
        ) { letter, room in
            try await runs.start(
                SendLetter.self, SendLetter.Input(letter: letter), once: "\(letter)", with: room)
        }
        return Dashboard(
            desk: desk, onboarding: try onboardingDesk(shop), personalData: try personalDataDesk(),
            webhooks: try webhookDesk(), domains: domainDesk(), returns: returnsDesk(),
            orders: try ordersDesk(), suppliers: try supplierDesk(),
            plans: try planDesk(), papers: paperDesk(), team: try teamDesk(),
            claims: claimDesk(), live: live)
    }

    private func supplierDesk() throws -> SupplierDesk {
        let runs = runs
        return SupplierDesk(mayReachPrivateHosts: !(try isLive)) { wish, key, tx in
            try await runs.start(
                SupplierSync.self,
                SupplierSync.Input(feed: wish.feed, mode: wish.mode, isForced: wish.isForced), once: key,
                with: tx)
        }
    }

    private func domainDesk() -> DomainDesk {
        let runs = runs
        return DomainDesk(
            begin: { domain, tx in
                try await runs.start(
                    FollowDomain.self, FollowDomain.Input(domain: domain), once: "domain:\(domain):0",
                    with: tx)
            },
            nudge: { run in
                _ = try await runs.send(
                    .domainNudge, Nothing(), to: RunID(rawValue: run), once: UUID().uuidString)
            })
    }

    private func webhookDesk() throws -> WebhookDesk {
        let runs = runs
        return WebhookDesk(mayReachPrivateHosts: !(try isLive)) { waiting in
            for run in waiting {
                _ = try await runs.send(
                    .webhookNudge, Nothing(), to: RunID(rawValue: run), once: UUID().uuidString)
            }
        }
    }

    /// Where people ask about their data, on every face and on the command line.
    func personalDataDesk() throws -> PersonalDataDesk {
        let sender = try settings.parsed(.mailFrom) { try EmailAddress(parsing: $0) }
        let runs = runs
        let starter = PersonalDataStarter(runs)
        return PersonalDataDesk(
            database: database, credentials: try credentials,
            letterhead: { OutgoingMessage.sender($0, at: sender) },
            answer: { request, room in try await starter.start(request, in: room) },
            post: { letter, room in
                try await runs.start(
                    SendLetter.self, SendLetter.Input(letter: letter), once: "\(letter)", with: room)
            })
    }

    private func onboardingDesk(_ shop: Shop) throws -> OnboardingDesk {
        let runs = runs
        let stripe = shop.stripe
        return OnboardingDesk(
            baseDomain: try settings.required(.webBaseDomain), credentials: try credentials,
            begin: { owner, ended, tx in
                let after = ended.map { ":after:\($0)" } ?? ""
                return try await runs.start(
                    MerchantOnboarding.self, MerchantOnboarding.Input(owner: owner),
                    once: "\(tx.tenant)\(after)", for: Tenant(tx.tenant), in: tx.postgres
                ).id.rawValue
            },
            tell: { news, run in
                try await runs.send(
                    .onboarding, OnboardingSignal(of: news), to: RunID(rawValue: run),
                    once: UUID().uuidString)
            },
            stripeLink: { account, refresh, back in
                let link = try await stripe.createAccountLink(
                    for: StripeAccount.ID(rawValue: account), refreshURL: refresh, returnURL: back,
                    key: UUID().uuidString)
                return link.url.reveal()
            },
            smartBillSeries: { login, company in
                do throws(SmartBillFailure) {
                    let series = try await shop.openSmartBill(login, company).series(.invoice)
                    return .success(series.map(\.name))
                } catch {
                    return .failure(OnboardingDesk.SmartBillRefusal(reason: error.description))
                }
            },
            checkNumber: { number, tx in try await CheckVATNumber.begin(number, with: runs, in: tx) })
    }
}

extension OnboardingSignal {
    fileprivate init(of news: OnboardingDesk.News) {
        switch news {
        case .saved(let step): self.init(Kind.saved, step: step)
        case .publish: self.init(Kind.publish)
        }
    }
}

extension Platform {
    /// What reads the API's tokens; nil where no issuer is named.
    func accessTokens() throws -> AccessTokens? {
        guard let issuer = settings.optional(.tokenIssuer) else { return nil }
        if let secret = settings.optional(.tokenSecret) {
            return AccessTokens(AccessTokens.Settings(issuer: issuer, keys: .secret(secret)))
        }
        let address = settings.text(.tokenKeys, default: "\(issuer)/.well-known/jwks.json")
        let client = VendorHTTPClient(
            account: VendorAccount(vendor: "token-issuer", name: issuer), base: address, headers: [])
        return AccessTokens(
            AccessTokens.Settings(
                issuer: issuer,
                keys: .published {
                    let answer = try await client.send(VendorRequest(.get, ""))
                    guard answer.isSuccess else { throw WebProblem(.unavailable) }
                    return answer.body
                }))
    }
}
