// Who buys and where it goes, as a form or a JSON body sends it. Checked all at once, so that a shopper
// corrects everything in one go. What an address must be is the shop's rule and lives in `Commerce`.

import Commerce

package struct BuyerForm: Sendable, Equatable {
    package var email = ""
    package var phone = ""
    package var address = AddressForm()

    package init() {}
}

package struct BuyerDetails: Sendable, Equatable {
    package let email: EmailAddress
    package let phone: String
    package let address: Address
}

extension BuyerForm {
    /// The details, or everything that is wrong with them. The fields of the address are named as the
    /// address names them.
    package func checked() -> Result<BuyerDetails, BuyerRefusal> {
        var problems: [FieldError] = []
        var email: EmailAddress?
        do {
            email = try EmailAddress(parsing: self.email)
        } catch {
            problems.append(
                FieldError("email", self.email.trimmed.isEmpty ? "is needed" : "is not an address"))
        }
        let phone = self.phone.trimmed
        if phone.isEmpty {
            problems.append(FieldError("phone", "is needed"))
        } else if !Self.isPhone(phone) {
            problems.append(FieldError("phone", "must have 6 to 15 digits"))
        }
        var address: Address?
        do {
            let checked = try self.address.checked()
            if checked.country.isInEuropeanUnion {
                address = checked
            } else {
                problems.append(FieldError("country", "must be in the European Union"))
            }
        } catch .addressIncomplete(let refused) {
            problems += refused.map { FieldError($0.field, $0.reason) }
        } catch {
            problems.append(FieldError("address", error.description))
        }
        guard problems.isEmpty, let email, let address else {
            return .failure(BuyerRefusal(problems: problems))
        }
        return .success(BuyerDetails(email: email, phone: phone, address: address))
    }

    /// Digits, with the signs that people put between them.
    private static func isPhone(_ text: String) -> Bool {
        let digits = text.utf8.count { (0x30...0x39).contains($0) }
        let rest = text.dropFirst(text.hasPrefix("+") ? 1 : 0)
        return (6...15).contains(digits)
            && rest.allSatisfy { $0.isASCII && ($0.isNumber || " ()-./".contains($0)) }
    }
}

/// Why the details cannot be accepted.
package struct BuyerRefusal: Error, Sendable, Equatable {
    package let problems: [FieldError]

    package init(problems: [FieldError]) {
        self.problems = problems
    }
}
