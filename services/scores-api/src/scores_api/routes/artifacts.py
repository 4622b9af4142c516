"""Artifacts: the list, a manifest, and the bytes of a file."""

from typing import Annotated

from fastapi import Path, Request, Response
from fastapi.responses import FileResponse

from contracts.manifest import Manifest
from scores_api.etag import is_held
from scores_api.files import ArtifactFiles
from scores_api.models.artifacts import ArtifactPage
from scores_api.paging import newest_first
from scores_api.rendering import artifact_item
from scores_api.routes.choice import Limit, PageCursor, chosen_catalogue
from scores_api.routes.errors import answers
from scores_api.routes.published import published, published_router

__all__ = ["router"]

router = published_router("artifacts")
_Artifact = Annotated[str, Path(max_length=64, description="Name of the artifact, `factors` for factor runs.")]
_Version = Annotated[str, Path(max_length=200, description="The run that made it; `latest` is the newest.")]
_BYTES = {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}


@router.get(
    "/v1/artifacts",
    response_model=ArtifactPage,
    summary="Published artifact versions, the newest first",
    responses=answers(422, 503),
)
async def list_artifacts(request: Request, cursor: PageCursor = None, limit: Limit = 100) -> Response:
    """What runs published besides tables: networks, for example."""
    catalogue = await chosen_catalogue(request)
    manifests, following = newest_first(
        catalogue.manifests, of="artifacts", run_of=lambda manifest: manifest.run, cursor=cursor, limit=limit
    )
    page = ArtifactPage(items=[artifact_item(catalogue, manifest) for manifest in manifests], next=following)
    return published(request, page.model_dump_json().encode(), catalogue.tag)


@router.get(
    "/v1/artifacts/{artifact}/{version}",
    response_model=Manifest,
    summary="The manifest of an artifact version",
    responses=answers(404, 410, 503),
)
async def get_artifact(request: Request, artifact: _Artifact, version: _Version) -> Response:
    """Its files with their sizes and SHA-256 digests."""
    catalogue = await chosen_catalogue(request)
    return published(request, catalogue.manifest(artifact, version).model_dump_json().encode(), catalogue.tag)


@router.get(
    "/v1/artifacts/{artifact}/{version}/files/{file}",
    response_class=FileResponse,
    summary="A file of an artifact version",
    responses=answers(404, 410, 416, 500, 503)
    | {200: _BYTES | {"description": "The whole file."}, 206: _BYTES | {"description": "The ranges asked for."}},
)
async def get_artifact_file(
    request: Request,
    artifact: _Artifact,
    version: _Version,
    file: Annotated[str, Path(max_length=128, description="A file that the manifest lists.")],
) -> Response:
    """Bytes whose digest was compared with the manifest; the ETag is the SHA-256. `Range` and `If-Range` are understood."""
    catalogue = await chosen_catalogue(request)
    files: ArtifactFiles = request.app.state.files
    path, stated, status = await files.verified(catalogue.manifest(artifact, version), file)
    tag = f'"{stated.sha256}"'
    if is_held(request.headers.get("if-none-match", ""), tag):
        return published(request, b"", tag)
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    return FileResponse(path, headers=headers, media_type=stated.media_type, filename=stated.name, stat_result=status)
