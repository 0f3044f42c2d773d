// What the merchants' API says of accounts, stores and events.

import CommerceStore
import Foundation

struct Person: Described {
    let kind: String
    /// Of a key, its store's.
    let id: String
    let email: String?
    let name: String?

    static let schema = Schema.named(
        "Caller",
        .object([
            .required("kind", .choice(["user", "key"])),
            .required("id", .uuid, "The user's, or the store's that the key opens."),
            .optional("email", .words), .optional("name", .words),
        ]))
}

struct StoreDocument: Described {
    let id: String
    let slug: String
    let name: String
    let status: String
    let plan: String
    let currency: String
    let role: String

    init(_ store: Store, role: String) {
        id = store.tenant.description
        slug = store.slug.rawValue
        name = store.name
        status = store.status.rawValue
        plan = store.plan.rawValue
        currency = store.currency.rawValue
        self.role = role
    }

    static let schema = Schema.named(
        "Store",
        .object([
            .required("id", .uuid), .required("slug", .words), .required("name", .words),
            .required("status", .choice(["draft", "published", "paused", "closed"])),
            .required("plan", .words), .required("currency", .text(3...3)),
            .required("role", .choice(["owner", "staff", "viewer", "key"])),
        ]))
}

struct StoreList: Described {
    let stores: [StoreDocument]

    static let schema = Schema.named(
        "StoreList", .object([.required("stores", .list(of: StoreDocument.schema))]))
}

struct EventDocument: Described {
    let id: String
    let number: Int64
    let kind: String
    let object: String
    let createdAt: Date
    let body: String

    init(_ event: WebhookEvent) {
        id = event.id.description
        number = event.number
        kind = event.kind
        object = event.object
        createdAt = event.createdAt
        body = event.body
    }

    static let schema = Schema.named(
        "Event",
        .object([
            .required("id", .uuid), .required("number", .whole(1...9_000_000_000_000_000)),
            .required("kind", .words), .required("object", .words, "Such as `order:` and an id."),
            .required("created_at", .moment),
            .required("body", .words, "JSON, in the very letters that a webhook of it is signed in."),
        ]))
}

struct EventList: Described {
    let events: [EventDocument]

    static let schema = Schema.named(
        "EventList",
        .object([
            .required(
                "events", .list(of: EventDocument.schema),
                "Ask again with `after`, the number of the last one, until none comes.")
        ]))
}
