internal import Basics
internal import DetectionPipeline
internal import HTTPTypes
internal import Hummingbird
internal import JSONSchema
internal import Notifications
internal import Storage

/// A subscription with its name, configuration and state.
private struct SubscriptionBody: JSONObject {
    var name: String
    var configuration: Values
    var state: SubscriptionState

    init(_ subscription: SubscriptionHub.Subscription) {
        name = subscription.name
        configuration = subscription.configuration.shownValues
        state = subscription.state
    }

    private init(name: String, configuration: Values, state: SubscriptionState) {
        (self.name, self.configuration, self.state) = (name, configuration, state)
    }

    static let members: [JSONMember<SubscriptionBody>] = [
        JSONMember(
            "configuration",
            "As it was put, without what may be secret. Put back, it keeps the secrets.",
            schema: .object(SubscriptionConfiguration.fields)
        ) { JSONValue.object($0.configuration.all) },
        JSONMember("name", schema: DetectionFields.documentName, \.name),
        JSONMember("state", \.state),
    ]
    static let example = SubscriptionBody(
        name: "home",
        configuration: SubscriptionConfiguration.exampleValues,
        state: .example
    )
}

private struct SubscriptionList: JSONObject {
    var subscriptions: [SubscriptionBody]

    static let members: [JSONMember<SubscriptionList>] = [JSONMember("subscriptions", \.subscriptions)]
    static let example = SubscriptionList(subscriptions: [.example])
}

extension DocumentName {
    fileprivate static let subscriptionField = Field(
        name: "name",
        schema: DetectionFields.documentName.described("Name of the subscription, such as the receiver's."),
        isRequired: true
    )
}

extension Call {
    /// The name in the path.
    ///
    /// - Throws: ``Problem`` if it cannot be one.
    fileprivate var subscriptionName: DocumentName {
        get throws {
            let text = path.string(DocumentName.subscriptionField.name) ?? ""
            guard let name = DocumentName(text) else {
                throw Problem(.notFound, "A subscription cannot have that name.")
            }
            return name
        }
    }
}

extension Problem {
    fileprivate static func noSubscription(_ name: DocumentName) -> Problem {
        Problem(.notFound, "There is no subscription called \(name); GET /subscriptions lists them.")
    }
}

/// `GET /subscriptions`: all subscriptions.
struct ListSubscriptions: Endpoint {
    let hub: SubscriptionHub

    let operation = Operation(
        id: "list_subscriptions",
        method: .get,
        path: "/subscriptions",
        tag: .streams,
        summary: "Lists the subscriptions and their states.",
        answers: [Operation.Answer(summary: "The subscriptions, by name.", contents: [.json(SubscriptionList.self)])]
    )

    func respond(to call: Call) throws -> Response {
        try .json(SubscriptionList(subscriptions: hub.subscriptions.map(SubscriptionBody.init)))
    }
}

/// `PUT /subscriptions/{name}`: sends events to a webhook or broker.
struct PutSubscription: Endpoint {
    let hub: SubscriptionHub
    let bodies: RequestBodies

    let operation = Operation(
        id: "put_subscription",
        method: .put,
        path: "/subscriptions/{name}",
        tag: .streams,
        summary: "Sends events of streams to a webhook or an MQTT broker.",
        details: """
            Events that come from now on are sent until it is deleted, each at least once and in the order of its stream; \
            those that come while the receiver is away, or this service, are sent later. The answer does not wait for \
            the receiver: `state` says how it is going.
            """,
        pathFields: [DocumentName.subscriptionField],
        body: [
            .json(
                SubscriptionConfiguration.fields,
                example: .object(SubscriptionConfiguration.exampleValues.all)
            )
        ],
        answers: [
            Operation.Answer(
                status: .created,
                summary: "The subscription is new.",
                contents: [.json(SubscriptionBody.self)]
            ),
            Operation.Answer(
                status: .ok,
                summary: "The subscription was replaced.",
                contents: [.json(SubscriptionBody.self)]
            ),
        ],
        problems: [.notFound, .storeFull, .storeUnavailable]
    )

    func respond(to call: Call) async throws -> Response {
        let name = try call.subscriptionName
        return try await bodies.withJSON(of: call) { values in
            let old = hub.subscription(named: name)?.configuration
            let configuration = try SubscriptionConfiguration(
                old?.completing(values) ?? values
            )
            let isNew = try await hub.put(configuration, named: name)
            guard let subscription = hub.subscription(named: name) else {
                throw Problem(.notFound, "The subscription was deleted at the same time.")
            }
            return try .json(SubscriptionBody(subscription), status: isNew ? .created : .ok)
        }
    }
}

/// `GET /subscriptions/{name}`: a subscription and its state.
struct GetSubscription: Endpoint {
    let hub: SubscriptionHub

    let operation = Operation(
        id: "get_subscription",
        method: .get,
        path: "/subscriptions/{name}",
        tag: .streams,
        summary: "Returns a subscription and its state.",
        pathFields: [DocumentName.subscriptionField],
        answers: [Operation.Answer(summary: "The subscription.", contents: [.json(SubscriptionBody.self)])],
        problems: [.notFound]
    )

    func respond(to call: Call) throws -> Response {
        let name = try call.subscriptionName
        guard let subscription = hub.subscription(named: name) else { throw Problem.noSubscription(name) }
        return try .json(SubscriptionBody(subscription))
    }
}

/// `DELETE /subscriptions/{name}`: sends no more events.
struct DeleteSubscription: Endpoint {
    let hub: SubscriptionHub

    let operation = Operation(
        id: "delete_subscription",
        method: .delete,
        path: "/subscriptions/{name}",
        tag: .streams,
        summary: "Ends a subscription, and removes what a broker keeps of it.",
        pathFields: [DocumentName.subscriptionField],
        answers: [Operation.Answer(status: .noContent, summary: "The subscription has ended.")],
        problems: [.notFound, .storeUnavailable]
    )

    func respond(to call: Call) async throws -> Response {
        let name = try call.subscriptionName
        guard try await hub.delete(name) else { throw Problem.noSubscription(name) }
        return Response(status: .noContent)
    }
}
