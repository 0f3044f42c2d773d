import Foundation

// VIES as a server sees it: a register of numbers, and registers that are away. What stands in the register
// is valid, everything else is not. Besides, the numbers of the Commission's own test service give each kind
// of answer in every member state: 100 is valid, 200 is not, 201 to 601 are errors.

/// VIES, stateful and in memory.
package actor VIESSandbox: SandboxVendor {
    package nonisolated let name = "vies"

    struct Trader: Sendable {
        let name: String
        let address: String
    }

    private static let path = "/taxation_customs/vies/rest-api/check-vat-number"
    private static let memberStates: Set<String> = [
        "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "EL", "ES", "FI", "FR", "HR", "HU", "IE", "IT", "LT",
        "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK", "XI",
    ]

    private let workbench: Workbench
    private var register: [String: Trader] = VIESSandbox.known
    /// By member state: the word its register answers with while it is away.
    private var away: [String: String] = [:]
    private var consultations: [JSON] = []

    package init(_ workbench: Workbench) { self.workbench = workbench }

    package func respond(to request: SandboxRequest) async -> SandboxResponse {
        if request.path.hasPrefix("/_sandbox/") { return pull(request) }
        guard request.path == Self.path else { return .text("Not Found", status: 404) }
        guard request.method == "POST" else { return .text("Method Not Allowed", status: 405) }
        // A body that is no JSON names no number either.
        let body = (try? request.json()) ?? [:]
        return answer(
            body["countryCode"].string ?? "", body["vatNumber"].string ?? "",
            requester: Self.requester(body))
    }

    package func objects(_ kind: String) async -> [JSON]? {
        switch kind {
        case "consultations": consultations
        case "numbers": register.keys.sorted().map(JSON.string)
        default: nil
        }
    }

    package func reset() async {
        register = Self.known
        away = [:]
        consultations = []
    }

    package nonisolated func refusal(_ failure: InjectedFailure) -> SandboxResponse {
        let word = failure.status == 200 ? "MS_UNAVAILABLE" : "SERVICE_UNAVAILABLE"
        return Self.refused(word, status: failure.status, headers: failure.headers)
    }

    private static func requester(_ body: JSON) -> String? {
        let number = (body["requesterMemberStateCode"].string ?? "") + (body["requesterNumber"].string ?? "")
        return number.isEmpty ? nil : number
    }

    private func answer(_ state: String, _ number: String, requester: String?) -> SandboxResponse {
        guard Self.memberStates.contains(state), !number.isEmpty else {
            return Self.refused("INVALID_INPUT", status: 400)
        }
        if let requester, register[requester] == nil {
            return Self.refused("INVALID_REQUESTER_INFO", status: 400)
        }
        if let word = away[state] ?? Self.scripted[number] {
            return Self.refused(word, status: word == "INVALID_INPUT" ? 400 : 200)
        }
        let trader = number == "100" ? Self.anybody : register[state + number]
        return consult(state, number, trader, requester)
    }

    private func consult(
        _ state: String, _ number: String, _ trader: Trader?, _ requester: String?
    ) -> SandboxResponse {
        let id = requester.map { _ in "WAPIAAAAZ" + String(consultations.count + 100_000) }
        let asked = workbench.clock.now.formatted(.iso8601)
        consultations.append([
            "id": JSON(id), "number": .string(state + number), "requester": JSON(requester),
            "valid": .bool(trader != nil), "at": .string(asked),
        ])
        return .json(
            [
                "countryCode": .string(state), "vatNumber": .string(number), "requestDate": .string(asked),
                "valid": .bool(trader != nil), "requestIdentifier": .string(id ?? ""),
                "name": .string(trader?.name ?? "---"), "address": .string(trader?.address ?? "---"),
                "traderName": "---", "traderStreet": "---", "traderPostalCode": "---", "traderCity": "---",
                "traderCompanyType": "---", "traderNameMatch": "NOT_PROCESSED",
            ], effect: SandboxEffect("vat_number.consult", on: id ?? state + number))
    }

    private static func refused(
        _ word: String, status: Int, headers: [(name: String, value: String)] = []
    ) -> SandboxResponse {
        .json(
            ["actionSucceed": false, "errorWrappers": [["error": .string(word), "message": .string(word)]]],
            status: status, headers: headers)
    }

    // MARK: - Levers

    private func pull(_ request: SandboxRequest) -> SandboxResponse {
        // A body that is no JSON has none of the members that the levers need.
        let body = (try? request.json()) ?? [:]
        switch (request.method, request.path) {
        case ("POST", "/_sandbox/numbers"): return setNumber(body)
        case ("POST", "/_sandbox/member_states"): return setState(body)
        default: return .json(["error": "the VIES sandbox has no such lever"], status: 404)
        }
    }

    /// `{"number": "DE136695976", "registered"?, "name"?, "address"?}`
    private func setNumber(_ body: JSON) -> SandboxResponse {
        guard let number = body["number"].string, number.count > 2 else {
            return .json(["error": "a number is needed"], status: 400)
        }
        let isRegistered = body["registered"].bool ?? true
        register[number] =
            isRegistered
            ? Trader(name: body["name"].string ?? "---", address: body["address"].string ?? "---") : nil
        return .json(["number": .string(number), "registered": .bool(isRegistered)])
    }

    /// `{"code": "DE", "error"?}`: a register that is away with this word, or back without one.
    private func setState(_ body: JSON) -> SandboxResponse {
        guard let code = body["code"].string, Self.memberStates.contains(code) else {
            return .json(["error": "the code of a member state is needed"], status: 400)
        }
        away[code] = body["error"].string
        return .json(["code": .string(code), "error": JSON(away[code])])
    }

    // MARK: - Who is there

    private static let anybody = Trader(name: "EXAMPLE TRADER", address: "1 EXAMPLE STREET\n1000 EXAMPLE")

    private static let scripted = [
        "201": "INVALID_INPUT", "202": "INVALID_REQUESTER_INFO", "300": "SERVICE_UNAVAILABLE",
        "301": "MS_UNAVAILABLE", "302": "TIMEOUT", "400": "VAT_BLOCKED", "401": "IP_BLOCKED",
        "500": "GLOBAL_MAX_CONCURRENT_REQ", "501": "GLOBAL_MAX_CONCURRENT_REQ_TIME",
        "600": "MS_MAX_CONCURRENT_REQ", "601": "MS_MAX_CONCURRENT_REQ_TIME",
    ]

    /// The numbers that the wizard shows as examples, and the platform's own.
    private static let known: [String: Trader] = {
        let numbers = [
            "ATU13585627", "BE0428759497", "BG175074752", "CY10259033P", "CZ25123891", "DE136695976",
            "DK13585628", "EE100931558", "EL094259216", "ESB58378431", "FI20774740", "FR83404833048",
            "HR33392005961", "HU12892312", "IE6433435F", "IT00743110157", "LT119511515", "LU15027442",
            "LV40003521600", "MT11679112", "NL004495445B01", "PL8567346215", "PT501964843", "RO12345674",
            "RO18547290", "SE123456789701", "SI50223054", "SK2022749619",
        ]
        // Germany and Spain tell no names.
        return Dictionary(
            uniqueKeysWithValues: numbers.map { number in
                let isTold = !number.hasPrefix("DE") && !number.hasPrefix("ES")
                return (
                    number,
                    Trader(
                        name: isTold ? "TRADER \(number)" : "---",
                        address: isTold ? "1 EXAMPLE STREET\n1000 EXAMPLE" : "---")
                )
            })
    }()
}
