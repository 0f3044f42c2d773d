import FoundationEssentials
import VendorHTTP

/// What a member state's register says of a number.
package struct VIESAnswer: Codable, Sendable, Equatable {
    package let isValid: Bool
    /// Proves that, and when, it was asked. Nil where nobody was named as the requester, or VIES did not know
    /// them.
    package let consultation: String?
    /// As registered. Some states tell neither name nor address.
    package let name: String?
    package let address: String?

    /// A number that is none in the eyes of VIES: a refusal of the question, and an answer to ours.
    private static let malformed = "INVALID_INPUT"
    /// How the registers write what they do not tell.
    private static let untold = "---"
    private static let nameLimit = 400
    private static let addressLimit = 1_000
    private static let consultationLimit = 100

    package init(isValid: Bool, consultation: String? = nil, name: String? = nil, address: String? = nil) {
        self.isValid = isValid
        self.consultation = consultation
        self.name = name
        self.address = address
    }

    /// Only an explicit yes or no is one: whatever else came is a failure, never a no.
    init(_ response: VendorResponse, call: VendorCall) throws(VIESFailure) {
        let json = response.json ?? .null
        if let word = VIESFailure.word(in: json) {
            guard word == Self.malformed else { throw VIESFailure(word: word, call: call) }
            self.init(isValid: false)
            return
        }
        guard response.isSuccess, let isValid = json["valid"].bool else {
            throw VIESFailure(.unreadable("status \(response.status)"), call: call)
        }
        self.init(
            isValid: isValid, consultation: Self.told(json["requestIdentifier"], Self.consultationLimit),
            name: Self.told(json["name"], Self.nameLimit),
            address: Self.told(json["address"], Self.addressLimit))
    }

    private static func told(_ json: JSON, _ limit: Int) -> String? {
        let lines = (json.text ?? "").split(whereSeparator: \.isNewline).map { line in
            line.split(separator: " ").joined(separator: " ")
        }
        let text = lines.filter { !$0.isEmpty && $0 != untold }.joined(separator: ", ")
        return text.isEmpty ? nil : String(text.prefix(limit))
    }
}
