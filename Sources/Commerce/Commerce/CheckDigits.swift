/// The check digits of VAT numbers that take more than one weighted sum.
enum CheckDigits {
    static func austria(_ d: [Int]) -> Bool {
        let sum = d[..<7].enumerated().reduce(0) { sum, place in
            let product = place.element * (place.offset % 2 == 0 ? 1 : 2)
            return sum + product / 10 + product % 10
        }
        return (10 - (sum + 4) % 10) % 10 == d[7]
    }

    static func bulgaria(_ d: [Int]) -> Bool {
        var rest = d.sum([1, 2, 3, 4, 5, 6, 7, 8]) % 11
        if rest == 10 { rest = d.sum([3, 4, 5, 6, 7, 8, 9, 10]) % 11 % 10 }
        return rest == d[8]
    }

    static func cyprus(_ text: String) -> Bool {
        let table = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21]
        let sum = text.digits.enumerated().reduce(0) { sum, place in
            sum + (place.offset % 2 == 0 ? table[place.element] : place.element)
        }
        return text.utf8.last == UInt8(0x41 + sum % 26)
    }

    static func czechia(_ d: [Int]) -> Bool {
        let rest = 11 - d.sum([8, 7, 6, 5, 4, 3, 2]) % 11
        return (rest == 11 ? 1 : rest == 10 ? 0 : rest) == d[7]
    }

    /// ISO 7064, MOD 11,10: Germany and Croatia.
    static func isoEleven(_ d: [Int]) -> Bool {
        var product = 10
        for digit in d.dropLast() {
            let sum = (digit + product) % 10
            product = (sum == 0 ? 10 : sum) * 2 % 11
        }
        return (11 - product) % 10 == d[d.count - 1]
    }

    static func france(_ text: String) -> Bool {
        let siren = text.dropFirst(2).digits
        guard siren.passesLuhn || text.hasSuffix("356000000") else { return false }
        let key = text.prefix(2)
        // Keys with letters follow a younger rule that no public text gives.
        guard key.allSatisfy(\.isDigit) else { return true }
        return key.digits.number == (12 + 3 * (siren.number % 97)) % 97
    }

    static func isIrishForm(_ text: String) -> Bool {
        (8...9).contains(text.count) && text.prefix(7).allSatisfy(\.isDigit)
            && text.dropFirst(7).allSatisfy(\.isLetter)
    }

    static func ireland(_ text: String) -> Bool {
        let letters = text.dropFirst(7).utf8.map { Int($0) - 0x40 }
        let sum = text.digits.sum([8, 7, 6, 5, 4, 3, 2]) + (letters.count > 1 ? letters[1] * 9 : 0)
        return letters[0] % 23 == sum % 23
    }

    static func lithuania(_ d: [Int]) -> Bool {
        let count = d.count - 1
        var rest = d.sum((0..<count).map { $0 % 9 + 1 }) % 11
        if rest == 10 { rest = d.sum((0..<count).map { ($0 + 2) % 9 + 1 }) % 11 % 10 }
        return rest == d[count]
    }

    static func latvia(_ d: [Int]) -> Bool {
        let rest = d.sum([9, 1, 4, 8, 3, 10, 2, 5, 7, 6]) % 11
        return rest != 4 && (3 - rest + 11) % 11 == d[10]
    }

    static func isDutchForm(_ text: String) -> Bool {
        let marks = Array(text)
        return marks.count == 12 && marks[9] == "B"
            && marks.enumerated().allSatisfy { $0.offset == 9 || $0.element.isDigit }
    }

    /// Numbers of companies carry a check digit of their own; those of sole traders only the common one.
    static func netherlands(_ text: String) -> Bool {
        let d = text.digits
        if d.sum([9, 8, 7, 6, 5, 4, 3, 2]) % 11 == d[8] { return true }
        let spelled = "NL\(text)".utf8.flatMap { byte -> [Int] in
            (0x30...0x39).contains(byte) ? [Int(byte) - 0x30] : (Int(byte) - 0x37).digits
        }
        return spelled.reduce(0) { ($0 * 10 + $1) % 97 } == 1
    }

    static func romania(_ d: [Int]) -> Bool {
        let padded = Array(repeating: 0, count: 10 - d.count) + d
        return 10 * padded.sum([7, 5, 3, 2, 1, 7, 5, 3, 2]) % 11 % 10 == padded[9]
    }

    private static let spanishLetters = Array("TRWAGMYFPDXBNJZSQVHLCKE")

    static func isSpanishForm(_ text: String) -> Bool {
        let marks = Array(text)
        return marks.count == 9 && marks[1..<8].allSatisfy(\.isDigit)
            && [marks[0], marks[8]].contains(where: \.isLetter)
    }

    static func spain(_ text: String) -> Bool {
        let marks = Array(text)
        if marks[0].isDigit { return marks[8] == spanishLetters[text.prefix(8).digits.number % 23] }
        if let place = Array("XYZ").firstIndex(of: marks[0]) {
            return marks[8] == spanishLetters[([place] + String(marks[1..<8]).digits).number % 23]
        }
        if "KLM".contains(marks[0]) {
            return marks[8] == spanishLetters[String(marks[1..<8]).digits.number % 23]
        }
        let sum = String(marks[1..<8]).digits.enumerated().reduce(0) { sum, place in
            let doubled = place.element * 2
            return sum + (place.offset % 2 == 0 ? doubled / 10 + doubled % 10 : place.element)
        }
        let check = (10 - sum % 10) % 10
        return marks[8] == Character("\(check)") || marks[8] == Array("JABCDEFGHI")[check]
    }
}

extension Int {
    fileprivate var digits: [Int] { self < 10 ? [self] : (self / 10).digits + [self % 10] }
}
