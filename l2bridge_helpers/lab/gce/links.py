"""Resource URLs: what names the same thing is the same, whatever host or version it carries."""

from __future__ import annotations

import re
from functools import lru_cache

BASE = "https://www.googleapis.com/compute/v1/"
_HOST = re.compile(
    r"(?:https?://[^/]+/)?(?:compute/)?(?:v1|beta|alpha)/(?=projects/)|https?://[^/]+/compute/(?:v1|beta|alpha)/"
)


@lru_cache(maxsize=1 << 18)
def relative(link: str, project: str = "") -> str:
    """Return `projects/P/...` for a full, relative or partial URL; partial ones are in `project`."""
    path = _HOST.sub("", link, count=1).strip("/")
    return path if path.startswith("projects/") or not project else f"projects/{project}/{path}"


def absolute(path: str) -> str:
    """Return the URL, as Google's answers carry it, of `projects/P/...`."""
    return BASE + path


def project_of(path: str) -> str:
    """Return P of `projects/P/...`, else an empty text."""
    return path.split("/")[1] if path.startswith("projects/") else ""


def scope_of(path: str) -> str:
    """Return `global`, `zones/Z` or `regions/R` of `projects/P/<scope>/<collection>/<name>`."""
    parts = path.split("/")[2:]
    return "global" if parts[:1] == ["global"] else "/".join(parts[:2])


def name_of(link: str) -> str:
    """Return the last part of a URL."""
    return link.rstrip("/").rpartition("/")[2]
