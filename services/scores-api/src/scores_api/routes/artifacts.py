"""Artifacts: the list, a manifest, and the bytes of a file."""

from typing import Annotated

from fastapi import Path, Request, Response
from fastapi.responses import FileResponse

from contracts.manifest import Manifest
from scores_api.files import ArtifactFiles
from scores_api.models.artifacts import ArtifactPage
from scores_api.paging import newest_first
from scores_api.rendering import artifact_item
from scores_api.routes.choice import Limit, PageCursor, chosen_catalogue
from scores_api.routes.errors import answers
from scores_api.routes.published import published_router

__all__ = ["router"]

router = published_router("artifacts")
_Artifact = Annotated[str, Path(max_length=64, description="Name of the artifact, `factors` for factor runs.")]
_Version = Annotated[str, Path(max_length=200, description="The run that made it; `latest` is the newest.")]
_BYTES = {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}


@router.get("/v1/artifacts", summary="Published artifact versions, the newest first", responses=answers(422, 503))
async def list_artifacts(request: Request, response: Response, cursor: PageCursor = None, limit: Limit = 100) -> ArtifactPage:
    """What runs published besides tables: networks, for example."""
    catalogue = await chosen_catalogue(request, response)
    found, following = newest_first(
        catalogue.manifests, of="artifacts", run_of=lambda manifest: manifest.run, cursor=cursor, limit=limit
    )
    return ArtifactPage(items=[artifact_item(catalogue, manifest) for manifest in found], next=following)


@router.get("/v1/artifacts/{artifact}/{version}", summary="The manifest of an artifact version", responses=answers(404, 503))
async def get_artifact(request: Request, response: Response, artifact: _Artifact, version: _Version) -> Manifest:
    """Its files with their sizes and SHA-256 digests."""
    return (await chosen_catalogue(request, response)).manifest(artifact, version)


@router.head("/v1/artifacts/{artifact}/{version}/files/{file}", include_in_schema=False)
@router.get(
    "/v1/artifacts/{artifact}/{version}/files/{file}",
    response_class=FileResponse,
    summary="A file of an artifact version",
    responses=answers(404, 416, 500, 503)
    | {200: _BYTES | {"description": "The whole file."}, 206: _BYTES | {"description": "The ranges asked for."}},
)
async def get_artifact_file(
    request: Request,
    response: Response,
    artifact: _Artifact,
    version: _Version,
    file: Annotated[str, Path(max_length=128, description="A file that the manifest lists.")],
) -> Response:
    """Bytes whose digest was compared with the manifest; the ETag is the SHA-256. `Range` and `If-Range` are understood."""
    catalogue = await chosen_catalogue(request, response)
    files: ArtifactFiles = request.app.state.files
    path, stated, status = await files.verified(catalogue.manifest(artifact, version), file)
    headers = {"ETag": f'"{stated.sha256}"', "Cache-Control": "no-cache"}
    return FileResponse(path, headers=headers, media_type=stated.media_type, filename=stated.name, stat_result=status)
