internal import HTTPTypes
internal import Hummingbird
internal import Scheduling
internal import Storage

/// `DELETE /images/{image_id}`: deletes an upload.
struct DeleteImage: Endpoint {
    let pictures: PictureLibrary
    let workers: WorkerPool

    let operation = Operation(
        id: "delete_image",
        method: .delete,
        path: "/images/{image_id}",
        tag: .pictures,
        summary: "Deletes an upload and its processed version.",
        pathFields: [Fields.pathImageID],
        answers: [Operation.Answer(status: .noContent, summary: "The picture is deleted.")],
        problems: [.notFound, .forbidden, .storeUnavailable]
    )

    func respond(to call: Call) async throws -> Response {
        let id = try call.path.imageID()
        guard pictures.dataset?.path(of: id) == nil else {
            throw Problem(.forbidden, "Picture \(id) belongs to the dataset, which cannot be changed.")
        }
        guard try await workers.run({ try pictures.store.deleteUpload(id) }) else { throw PictureLibrary.notFound(id) }
        return Response(status: .noContent)
    }
}
