"""``pharos feedback``: say of one answer what the true label was, or whether it served."""

from typing import Annotated, Any

import httpx
import typer

from pharos_console.cli.app import Kubeconfig, Namespace, app, cluster, out
from pharos_console.errors import UsageError
from pharos_console.load.gateway import gateway_url

_TIMEOUT_S = 10.0


@app.command()
def feedback(
    model: Annotated[str, typer.Argument(help="name of the Model")],
    request_id: Annotated[str, typer.Option("--request-id", help="`requestId` of the answer")],
    label: Annotated[str, typer.Option("--label", help="the true label")] = "",
    satisfied: Annotated[
        bool | None, typer.Option("--satisfied/--dissatisfied", help="whether the answer served")
    ] = None,
    url: Annotated[str, typer.Option(help="gateway, default: found in the cluster")] = "",
    namespace: Namespace = "",
    kubeconfig: Kubeconfig = None,
) -> None:
    """Report the true label of an answer, or whether it served."""
    said: dict[str, Any] = {"label": label} if label else {}
    if satisfied is not None:
        said["satisfaction"] = satisfied
    if not said:
        raise UsageError("say --label, --satisfied or --dissatisfied")
    target = cluster(namespace, kubeconfig)
    endpoint = f"{url or gateway_url(target)}/models/{target.namespace}/{model}/v1/feedback"
    send(endpoint, {"requestId": request_id, **said})
    out.print(f"{request_id}: taken")


def send(endpoint: str, said: dict[str, Any]) -> None:
    """Post feedback. Raises UsageError with the server's own sentence where it is refused."""
    try:
        answer = httpx.post(endpoint, json=said, timeout=_TIMEOUT_S)
    except httpx.HTTPError as error:
        raise UsageError(f"{endpoint} does not answer: {error or type(error).__name__}") from error
    if answer.is_success:
        return
    try:
        sentence = str(answer.json()["error"]["message"])
    except (ValueError, KeyError, TypeError):
        sentence = answer.text[:500]
    raise UsageError(f"refused with {answer.status_code}: {sentence}")
