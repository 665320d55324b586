internal import Basics
internal import DetectionPipeline
internal import Hummingbird
internal import JSONSchema
internal import ModelServing
internal import YOLO

/// `POST /v1/vision/custom/list`, which Blue Iris calls when it starts, and DeepStack's own `/v1/vision/listmodels`.
struct DeepStackListModels: Endpoint {
    let service: DialectService
    let operation: Operation

    init(service: DialectService, isCustom: Bool) {
        self.service = service
        operation = Operation(
            id: isCustom ? "deepstack_custom_list" : "deepstack_list_models",
            method: .post,
            path: isCustom ? "/v1/vision/custom/list" : "/v1/vision/listmodels",
            tag: .deepstack,
            summary: "Lists the models, as DeepStack and CodeProject.AI do.",
            answers: [Operation.Answer(summary: "The models.", contents: [.json(DeepStackModelNames.self)])],
            dialect: DeepStack.self
        )
    }

    func respond(to call: Call) async throws -> Response {
        try await service.bodies.withForm(of: call) { form in
            try service.authentication.check(call.request, key: form.text("api_key") ?? form.text("admin_key"))
            return try .json(DeepStackModelNames(names: service.models.models.map(\.name)))
        }
    }
}

private struct DeepStackModelNames: JSONObject {
    var names: [String]

    static let members: [JSONMember<DeepStackModelNames>] = [
        JSONMember("analysisRoundTripMs") { _ in 0 },
        JSONMember("code") { _ in 200 },
        JSONMember("command") { _ in "list-custom" },
        JSONMember("models", \.names),
        JSONMember("moduleId") { _ in "ObjectDetection" },
        JSONMember("moduleName") { _ in "Osprey" },
        JSONMember("processedBy") { _ in HostName.current },
        JSONMember("success") { _ in true },
        JSONMember("timestampUTC") { _ in DeepStackServer.timestamp() },
    ]
    static let example = DeepStackModelNames(names: ["yolov5s"])
}
