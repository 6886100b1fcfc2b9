"""The custom resources as the console reads and writes them: typed, in one namespace.

The only module of the console that talks to the API server. Verbs are merge patches of the status
subresource under a field manager of their own, so that neither GitOps nor the operator undoes them.
"""

import json
from collections.abc import Iterator
from typing import Any, TypeVar

import yaml
from kubernetes import client, config, watch
from urllib3.exceptions import HTTPError

from pharos_api import names
from pharos_api.kinds import kind_of
from pharos_api.meta import GROUP, VERSION, Resource
from pharos_console.errors import ClusterAway, UsageError

ResourceT = TypeVar("ResourceT", bound=Resource)
JsonObject = dict[str, Any]


class Cluster:
    """One namespace of one cluster."""

    def __init__(self, namespace: str = "", kubeconfig: str | None = None) -> None:
        try:
            config.load_kube_config(config_file=kubeconfig)
            context = config.list_kube_config_contexts(config_file=kubeconfig)[1]
        except (config.ConfigException, OSError, yaml.YAMLError) as error:
            reason = str(error).rstrip(".")
            raise UsageError(
                f"no cluster to talk to: {reason}. "
                "Set KUBECONFIG, or start one with `make cluster`."
            ) from error
        self.kubeconfig = kubeconfig
        self.namespace = namespace or context["context"].get("namespace", "default")
        self._objects = client.CustomObjectsApi()
        self._core = client.CoreV1Api()
        self._apps = client.AppsV1Api()

    def get(self, type_: type[ResourceT], name: str) -> ResourceT:
        """One object. Raises UsageError when there is none of that name."""
        call = self._objects.get_namespaced_custom_object
        return type_.model_validate(self._call(call, type_, name))

    def find(self, type_: type[ResourceT], name: str) -> ResourceT | None:
        """One object, or None."""
        return next((one for one in self.every(type_) if one.metadata.name == name), None)

    def every(self, type_: type[ResourceT]) -> list[ResourceT]:
        """All objects of a kind in the namespace, oldest first."""
        found = self._call(self._objects.list_namespaced_custom_object, type_)
        objects = [type_.model_validate(item) for item in found["items"]]
        return sorted(objects, key=lambda one: str(one.metadata.creation_timestamp))

    def apply(self, manifest: JsonObject) -> JsonObject:
        """Server-side apply one custom resource. Raises UsageError with the server's sentence."""
        type_ = kind_of(manifest["kind"]).type
        return self._call(
            self._objects.patch_namespaced_custom_object,
            type_,
            manifest["metadata"]["name"],
            manifest,
            field_manager=names.CLI_FIELD_MANAGER,
            force=True,
            _content_type="application/apply-patch+yaml",
        )

    def patch_status(self, type_: type[Resource], name: str, status: JsonObject) -> None:
        """Merge into an object's status."""
        self._call(
            self._objects.patch_namespaced_custom_object_status,
            type_,
            name,
            {"status": status},
            field_manager=names.CLI_FIELD_MANAGER,
            _content_type="application/merge-patch+json",
        )

    def annotate(self, type_: type[Resource], name: str, marks: dict[str, str | None]) -> None:
        """Set annotations of an object; None takes one away."""
        self._call(
            self._objects.patch_namespaced_custom_object,
            type_,
            name,
            {"metadata": {"annotations": marks}},
            field_manager=names.CLI_FIELD_MANAGER,
            _content_type="application/merge-patch+json",
        )

    def delete(self, type_: type[Resource], name: str) -> None:
        """Delete one object."""
        self._call(self._objects.delete_namespaced_custom_object, type_, name)

    def events(self, type_: type[ResourceT], seconds: int) -> Iterator[ResourceT]:
        """Every object of a kind once, then its changes, for at most ``seconds``.

        Raises ClusterAway when the API server goes away.
        """
        stream = watch.Watch().stream(
            self._objects.list_namespaced_custom_object,
            GROUP,
            VERSION,
            self.namespace,
            kind_of(type_.__name__).plural,
            timeout_seconds=seconds,
        )
        try:
            for event in stream:
                yield type_.model_validate(event["object"])
        except (client.ApiException, HTTPError) as error:
            raise _problem(error, type_, ()) from error

    def services(self, selector: str) -> list[JsonObject]:
        """Services of the namespace as JSON."""
        return self._plain(self._core.list_namespaced_service, label_selector=selector)

    def deployments(self, selector: str) -> list[JsonObject]:
        """Deployments of the namespace as JSON."""
        return self._plain(self._apps.list_namespaced_deployment, label_selector=selector)

    def cron_jobs(self, selector: str) -> list[JsonObject]:
        """CronJobs of the namespace as JSON."""
        return self._plain(client.BatchV1Api().list_namespaced_cron_job, label_selector=selector)

    def config_maps(self, selector: str) -> list[JsonObject]:
        """ConfigMaps of the namespace as JSON."""
        return self._plain(self._core.list_namespaced_config_map, label_selector=selector)

    def facts(self) -> dict[str, str]:
        """What cluster this is: its first node's name and the API server's version."""
        try:
            nodes = client.ApiClient().sanitize_for_serialization(self._core.list_node())["items"]
            version = client.VersionApi().get_code()
        except (client.ApiException, HTTPError) as error:
            raise UsageError(_refusal(error)) from error
        name = nodes[0]["metadata"]["name"] if nodes else "unknown"
        return {"kind": name, "version": str(version.git_version)}

    def _plain(self, call: Any, **options: Any) -> list[JsonObject]:
        try:
            found = call(self.namespace, **options)
        except (client.ApiException, HTTPError) as error:
            raise UsageError(_refusal(error)) from error
        items: list[JsonObject] = client.ApiClient().sanitize_for_serialization(found)["items"]
        return items

    def _call(self, call: Any, type_: type[Resource], *args: Any, **options: Any) -> JsonObject:
        plural = kind_of(type_.__name__).plural
        try:
            found: JsonObject = call(GROUP, VERSION, self.namespace, plural, *args, **options)
        except (client.ApiException, HTTPError) as error:
            raise _problem(error, type_, args) from error
        return found


def _problem(
    error: client.ApiException | HTTPError, type_: type[Resource], args: tuple[Any, ...]
) -> UsageError:
    """The one place where a failed call becomes words: gone for a while, or wrongly asked."""
    if isinstance(error, HTTPError) or error.status in (429, 500, 502, 503, 504):
        return ClusterAway(_refusal(error))
    return UsageError(_sentence(error, type_, args))


def _sentence(error: client.ApiException, type_: type[Resource], args: tuple[Any, ...]) -> str:
    answer = _answer(error)
    # For a path that it does not know the API server answers in plain text, not with a Status.
    if error.status == 404 and not (args and answer):
        return f"the cluster does not know {type_.__name__}: is Pharos installed there?"
    if error.status == 404:
        return f"there is no {type_.__name__} named {args[0]!r} in this namespace"
    return _refusal(error)


def _refusal(error: client.ApiException | HTTPError) -> str:
    if isinstance(error, client.ApiException):
        return _answer(error) or f"the API server refuses: {error.status} {error.reason}"
    return f"the API server does not answer: {getattr(error, 'reason', None) or error}"


def _answer(error: client.ApiException) -> str:
    """The message of the Status that the API server answered with, or ''."""
    try:
        return str(json.loads(error.body or "")["message"])
    except (TypeError, ValueError, KeyError):
        return ""
