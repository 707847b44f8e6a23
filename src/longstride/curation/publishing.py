"""Publishing a data set on the Hugging Face hub, where the user asks for it."""

from __future__ import annotations

import os
from pathlib import Path

from longstride.curation.card import CARD
from longstride.curation.documents import parquet_files
from longstride.curation.report import REPORT
from longstride.errors import InputError
from longstride.workspace import MANIFEST

TOKEN_VARIABLE = "HF_TOKEN"
PUBLISHED = (CARD, MANIFEST, REPORT, "funnel.json", "audit.json", "samples/*.parquet", "documents/*.parquet")


def push_to_hub(folder: str | Path, repository: str, *, private: bool = True, endpoint: str | None = None) -> str:
    """Upload the data set of `folder` as `repository` (OWNER/NAME) in one commit; give its address.

    The token is read from the environment variable HF_TOKEN, and nowhere else. A repository that is made is private
    unless told otherwise. endpoint: another hub than huggingface.co.
    Raises InputError for a missing token, a folder without card or samples, and what the hub refuses.
    """
    token = os.environ.get(TOKEN_VARIABLE, "").strip()
    if not token:
        cure = f"set {TOKEN_VARIABLE} to a token that may write"
        raise InputError(f"no token to publish {repository!r:.80} with: {TOKEN_VARIABLE} is not set", cure=cure)
    folder = Path(folder)
    for part in ("samples", "documents"):
        parquet_files(folder / part)
    if not (folder / CARD).is_file():
        raise InputError("is missing", path=folder / CARD, cure="curate the data set with an output")
    from huggingface_hub import HfApi

    hub = HfApi(endpoint=endpoint, token=token)
    try:
        hub.create_repo(repository, repo_type="dataset", private=private, exist_ok=True)
        hub.upload_folder(
            repo_id=repository,
            repo_type="dataset",
            folder_path=folder,
            allow_patterns=list(PUBLISHED),
            commit_message="Publish the data set",
        )
    except Exception as error:  # of a network library that is another from one version of the hub's to the next
        reason = " ".join(str(error).split()).replace(token, "(token)")
        raise InputError(f"could not be published as {repository!r:.80}: {reason:.300}", path=folder) from None
    return f"{hub.endpoint}/datasets/{repository}"
