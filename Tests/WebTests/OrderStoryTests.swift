import Commerce
import Testing

@testable import WebSupport

@Suite struct OrderStoryTests {
    private func view(_ state: OrderView.State, payable: Bool = true) -> OrderView {
        OrderView(
            number: OrderNumber(rawValue: 1042), state: state, firstName: "Ana", city: "Cluj", lines: [],
            sums: OrderView.Sums(goods: .eur(1500), discount: .eur(0), shipping: .eur(0), total: .eur(1500)),
            refunded: .eur(0),
            payment: payable ? .init(intent: "pi_1", clientSecret: "s", amount: .eur(1500)) : nil)
    }

    private func story(
        _ payment: PaymentStatus, _ fulfilment: FulfilmentStatus = .unfulfilled, expired: Bool = false,
        payable: Bool = true
    ) -> OrderStory {
        OrderStory(view(.placed(payment, fulfilment, isExpired: expired), payable: payable))
    }

    @Test("before there is an order, nothing can be paid")
    func preparing() {
        let story = OrderStory(view(.preparing))

        #expect(story.waiting == .preparing)
        #expect(story.payable == nil)
        #expect(story.state(of: .received) == .now)
    }

    @Test("a payment can be made once Stripe knows it, and again after a decline")
    func paying() {
        #expect(story(.awaitingPayment, payable: false).payable == nil)
        #expect(story(.awaitingPayment).payable == .first)
        #expect(story(.failed).payable == .again)
        #expect(story(.failed).notice == .declined)
        #expect(story(.processing).payable == nil)
        #expect(story(.processing).waiting == .bank)
    }

    @Test("an expired order cannot be paid and waits for nothing")
    func expired() {
        let story = story(.canceled, expired: true)

        #expect(story.isFinal)
        #expect(story.payable == nil)
        #expect(story.state(of: .received) == .done)
        #expect(story.state(of: .paid) == .stopped)
        #expect(story.state(of: .sent) == .next)
    }

    @Test("a paid order walks to the door")
    func delivery() {
        #expect(story(.paid, .forwarding).current == .sent)
        #expect(story(.paid, .inProgress).current == .shipped)
        #expect(story(.paid, .shipped).current == .delivered)
        #expect(story(.paid, .delivered).current == nil)
        #expect(story(.paid, .delivered).isFinal)
        #expect(story(.partiallyRefunded, .shipped).notice == .partlyRefunded)
    }

    @Test("a supplier without stock ends in a refund, told as such")
    func refunded() {
        let story = story(.refunded, .canceled)

        #expect(story.notice == .refunded)
        #expect(story.state(of: .paid) == .done)
        #expect(story.state(of: .sent) == .stopped)
        #expect(story.isFinal)
    }

    @Test("every combination of statuses has a story that says something")
    func everyCombination() {
        for payment in PaymentStatus.allCases {
            for fulfilment in FulfilmentStatus.allCases {
                for isExpired in [false, true] {
                    let story = story(payment, fulfilment, expired: isExpired)
                    #expect(story.waiting != nil || story.notice != nil, "\(payment) \(fulfilment)")
                    #expect(!payment.hasBeenPaid || story.payable == nil, "\(payment) is paid already")
                }
            }
        }
    }
}
