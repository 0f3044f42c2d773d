import Foundation
import Synchronization
import VendorSandbox

/// SmartBill with somebody beside it: what happens while a certain request is being answered.
actor WatchedSmartBill: SandboxVendor {
    typealias Answer = @Sendable (SandboxRequest, SmartBillSandbox) async -> SandboxResponse

    nonisolated let name = "smartbill"
    nonisolated let workbench: Workbench
    nonisolated let inner: SmartBillSandbox
    private var script: [String: [Answer]] = [:]

    init() {
        workbench = Workbench(logger: VendorSandbox.quietLogger)
        inner = SmartBillSandbox(workbench)
    }

    /// The next request of this kind, such as `POST /invoice`, is answered so, once.
    func next(_ kind: String, _ answer: @escaping Answer) { script[kind, default: []].append(answer) }

    func respond(to request: SandboxRequest) async -> SandboxResponse {
        let kind = "\(request.method) \(request.path.replacing("/SBORO/api", with: ""))"
        guard let answer = script[kind]?.first else { return await inner.respond(to: request) }
        script[kind]?.removeFirst()
        return await answer(request, inner)
    }

    func objects(_ kind: String) async -> [JSON]? { await inner.objects(kind) }
    func reset() async { await inner.reset() }
    nonisolated func refusal(_ failure: InjectedFailure) -> SandboxResponse { inner.refusal(failure) }
}

/// What a server that has lost its head answers.
extension SandboxResponse {
    static let trouble = SandboxResponse(status: 500)
}
