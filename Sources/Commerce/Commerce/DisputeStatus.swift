/// Where a dispute stands, in the vendor's words; ranks are those of the database. Raw values are stored.
///
/// An inquiry (`warning_...`) moves no money and may grow into a dispute. A loss is final: an appeal of it
/// is a person's affair.
package enum DisputeStatus: String, RankedStatus {
    case warningNeedsResponse = "warning_needs_response"
    case warningUnderReview = "warning_under_review"
    case warningClosed = "warning_closed"
    case needsResponse = "needs_response"
    case underReview = "under_review"
    case appealNeedsResponse = "appeal_needs_response"
    case appealUnderReview = "appeal_under_review"
    case prevented
    case won
    case lost

    package var rank: Int {
        switch self {
        case .warningNeedsResponse: 0
        case .warningUnderReview: 1
        case .warningClosed: 2
        case .needsResponse: 3
        case .underReview, .appealNeedsResponse, .appealUnderReview: 4
        case .prevented, .won: 5
        case .lost: 6
        }
    }

    /// What it means for the order.
    package var fact: DisputeFact {
        switch self {
        case .warningClosed, .prevented, .won: .won
        case .lost: .lost
        default: .open
        }
    }

    /// The bank waits for an answer.
    package var wantsEvidence: Bool { self == .needsResponse || self == .warningNeedsResponse }

    package var isClosed: Bool { fact != .open }
}
