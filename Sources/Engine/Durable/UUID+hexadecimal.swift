// Every run writes its id several times: into keys, into the dispatcher, into logs. Foundation goes through
// `printf` and `scanf` for that, which was a tenth of a worker's time, so the digits are written here.

import FoundationEssentials

extension UUID {
    /// The lower-case text of RFC 9562, section 4: 36 characters.
    var hexadecimal: String {
        withUnsafeBytes(of: uuid) { bytes in
            String(unsafeUninitializedCapacity: 36) { text in
                var position = 0
                for (index, byte) in bytes.enumerated() {
                    if Self.isAfterHyphen(index) {
                        text[position] = UInt8(ascii: "-")
                        position += 1
                    }
                    text[position] = Self.digit(byte >> 4)
                    text[position + 1] = Self.digit(byte & 0x0F)
                    position += 2
                }
                return position
            }
        }
    }

    /// Reads 36 characters in either case; nil where they are not a UUID.
    init?(hexadecimal text: String) {
        var text = text
        var uuid: uuid_t = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
        let isRead = text.withUTF8 { text in
            withUnsafeMutableBytes(of: &uuid) { Self.read(text, into: $0) }
        }
        guard isRead else { return nil }
        self.init(uuid: uuid)
    }

    private static func read(
        _ text: UnsafeBufferPointer<UInt8>, into bytes: UnsafeMutableRawBufferPointer
    ) -> Bool {
        guard text.count == 36 else { return false }
        var position = 0
        for index in 0..<16 {
            if isAfterHyphen(index) {
                guard text[position] == UInt8(ascii: "-") else { return false }
                position += 1
            }
            guard let high = value(text[position]), let low = value(text[position + 1]) else { return false }
            bytes[index] = high << 4 | low
            position += 2
        }
        return true
    }

    private static func isAfterHyphen(_ byte: Int) -> Bool {
        byte == 4 || byte == 6 || byte == 8 || byte == 10
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }

    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
