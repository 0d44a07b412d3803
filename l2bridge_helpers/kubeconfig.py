"""Which cluster is meant: kubeconfig, context, server and credentials. Sends nothing."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from kubernetes import client, config
from kubernetes.config.kube_config import KubeConfigMerger

from l2bridge_helpers.endpoints import endpoint_problem, is_loopback, is_plain_http, without_password
from l2bridge_helpers.errors import KubernetesError, ParameterError
from l2bridge_helpers.paths import home_path, is_file


@dataclass(frozen=True)
class KubeTarget:
    """Which cluster is meant: context, cluster name as the kubeconfig has it, and API server."""

    context: str
    cluster: str
    server: str


def cluster_of(given: str, target: KubeTarget) -> str:
    """Return the name that marks the cluster's routes: as given, else the context's.

    Raises:
        ParameterError: there is neither, or it cannot be told by eye.

    """
    cluster = given or target.cluster
    if not cluster:
        raise ParameterError(
            "parameter cluster: '' is given and there is no kubeconfig context to take it from; name the cluster"
        )
    if not cluster.isprintable() or cluster != cluster.strip():
        raise ParameterError(
            f"parameter cluster: {given!r} is given, and the context's cluster is called {cluster!r}, with spaces "
            "around it or characters that cannot be seen; name the cluster"
        )
    return cluster


def shown_server(target: KubeTarget) -> str:
    """Return the Kubernetes API's address as people should see it: the lab's port says nothing."""
    return "this machine" if is_loopback(target.server) else target.server


def load_kubeconfig(kubeconfig: str, context: str, configuration: client.Configuration) -> KubeTarget:
    """Fill the client's configuration, and return what was chosen.

    Args:
        kubeconfig: a path; empty: $KUBECONFIG, ~/.kube/config, then the pod's service account.
        context: a context of it; empty: the current one.
        configuration: is filled in. Plain http, which is accepted on loopback only, gets no credentials.

    Raises:
        KubernetesError: the kubeconfig is missing or broken, or has no such context.

    """
    if kubeconfig and not is_file(home_path(kubeconfig)):
        raise KubernetesError(f"parameter kubeconfig: there is no file {kubeconfig!r}; give the path of a kubeconfig")
    path = str(home_path(kubeconfig)) if kubeconfig else _default_path()
    if not path:
        return _load_in_cluster(context, configuration)
    if not any(is_file(home_path(part)) for part in path.split(os.pathsep) if part):
        raise KubernetesError(f"parameter kubeconfig: '' is given, and $KUBECONFIG={path!r} names no file; give a path")
    name, cluster = _choose(path, context)
    try:
        config.load_kube_config(config_file=path, context=name, client_configuration=configuration)
    except Exception as err:  # the loader raises what its plugins and YAML happen to raise
        raise KubernetesError(f"kubeconfig {path!r}, context {name!r} cannot be used: {_why(err)}; mend it") from err
    _check_server(configuration, f"kubeconfig {path!r}, context {name!r}")
    return KubeTarget(name, cluster, configuration.host)


def contexts_of(kubeconfig: str) -> tuple[dict[str, str], str]:
    """Return the contexts, name -> cluster, and the name of the current one; none where there is no kubeconfig.

    Args:
        kubeconfig: as for `load_kubeconfig`.

    Raises:
        KubernetesError: it cannot be read.

    """
    path = str(home_path(kubeconfig)) if kubeconfig else _default_path()
    return _contexts(path) if path else ({}, "")


def _default_path() -> str:
    """Return $KUBECONFIG, or the file in the home directory where there is one."""
    home = home_path("~/.kube/config")
    return os.environ.get("KUBECONFIG", "") or (str(home) if is_file(home) else "")


def _load_in_cluster(context: str, configuration: client.Configuration) -> KubeTarget:
    if context:
        raise KubernetesError(
            f"parameter context: {context!r} is given, but there is no kubeconfig; give parameter kubeconfig too"
        )
    try:
        config.load_incluster_config(client_configuration=configuration)
    except config.ConfigException as err:
        raise KubernetesError(
            "parameter kubeconfig: no kubeconfig in $KUBECONFIG or ~/.kube/config, and this is no pod; give a path"
        ) from err
    return KubeTarget("", "", configuration.host)


def _choose(path: str, context: str) -> tuple[str, str]:
    """Return name and cluster of the context that is meant; the current one need not exist when one is named."""
    contexts, current = _contexts(path)
    name = context or current
    known = ", ".join(sorted(contexts)) or "none"
    if name not in contexts:
        what = f"{context!r} is not" if context else f"'' is given, and the current one ({current!r}) is not"
        raise KubernetesError(f"parameter context: {what} in kubeconfig {path!r}; it has: {known}")
    return name, contexts[name]


def _contexts(path: str) -> tuple[dict[str, str], str]:
    """Return the merged kubeconfig's contexts, name -> cluster, and the name of the current one."""
    try:
        merged = KubeConfigMerger(path).config.value
        entries = [entry.value for entry in merged["contexts"]]
        whole = [entry for entry in entries if isinstance(entry.get("context"), dict)]
        contexts = {entry["name"]: str(entry["context"].get("cluster") or "") for entry in whole}
        return contexts, merged.get("current-context") or ""
    except Exception as err:  # whatever a broken file makes the reader stumble over
        raise KubernetesError(f"kubeconfig {path!r} cannot be read: {_why(err)}; give another path") from err


def _check_server(configuration: client.Configuration, where: str) -> None:
    """Refuse a server that is none, or plain http beyond this machine; take credentials and proxies off plain http."""
    server: Any = configuration.host
    host = server.rstrip("/").split("/", 3)[:3] if isinstance(server, str) else []
    problem = endpoint_problem("/".join(host)) if host and host[0] else "is no URL; it looks like https://HOST:PORT"
    if problem:
        raise KubernetesError(f"{where}: server {_shown(server)} {problem}")
    if is_plain_http(server):
        configuration.proxy = None
        configuration.api_key, configuration.refresh_api_key_hook = {}, None
        configuration.username = configuration.password = configuration.cert_file = configuration.key_file = None


def _shown(server: object) -> str:
    return repr(without_password(server) if isinstance(server, str) else server)


def _why(err: Exception) -> str:
    """Return the reason on one line."""
    return f"{type(err).__name__}: {' '.join(str(err).split())}"
