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

    func dashboard() throws -> Dashboard {
        let shop = try shop
        let runs = runs
        let desk = AccountDesk(
            database: database, passwords: Passwords(), secrets: LetterTokens(try credentials),
            sender: OutgoingMessage.sender("CartFlux", at: shop.sender)
        ) { letter, room in
            try await runs.start(
                SendLetter.self, SendLetter.Input(letter: letter), once: "\(letter)", with: room)
        }
        return Dashboard(desk: desk, onboarding: try onboardingDesk(shop))
    }

    private func onboardingDesk(_ shop: Shop) throws -> OnboardingDesk {
        let runs = runs
        let stripe = shop.stripe
        return OnboardingDesk(
            baseDomain: try settings.required(.webBaseDomain), credentials: try credentials,
            begin: { owner, tx in
                try await runs.start(
                    MerchantOnboarding.self, MerchantOnboarding.Input(owner: owner), once: "\(tx.tenant)",
                    for: Tenant(tx.tenant), in: tx.postgres
                ).id.rawValue
            },
            tell: { news, run in
                _ = try await runs.send(
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
            })
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
