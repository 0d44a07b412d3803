"""Answers of Azure Resource Manager as the SDK raises them."""

from __future__ import annotations

import json
from http.client import responses
from typing import Any

import requests
from azure.core.exceptions import HttpResponseError
from azure.core.pipeline.transport import HttpRequest, RequestsTransportResponse
from azure.mgmt.core.exceptions import ARMErrorFormat


def refusal(status: int, body: object, **headers: Any) -> HttpResponseError:
    """Return the error that the SDK raises for an answer."""
    answer = requests.Response()
    answer.status_code, answer.reason, answer._content = status, responses[status], json.dumps(body).encode()
    answer.headers.update(headers)
    request = HttpRequest("GET", "https://management.azure.com/")
    return HttpResponseError(response=RequestsTransportResponse(request, answer), error_format=ARMErrorFormat)
