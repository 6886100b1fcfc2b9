"""``pharos explain-text``: which words of a text speak for a label."""

from collections.abc import Sequence
from typing import Annotated, Any

import httpx
import typer

from pharos_console.cli.app import Kubeconfig, Namespace, app, cluster, out
from pharos_console.errors import UsageError
from pharos_console.load.gateway import gateway_url

_TIMEOUT_S = 30.0
_BAR = 20


@app.command("explain-text")
def explain_text(
    model: Annotated[str, typer.Argument(help="name of the Model")],
    text: Annotated[str, typer.Argument(help="the text")],
    label: Annotated[str, typer.Option("--label", help="label, default: the predicted one")] = "",
    top: Annotated[int, typer.Option(help="parts to show", min=1)] = 10,
    url: Annotated[str, typer.Option(help="gateway, default: found in the cluster")] = "",
    namespace: Namespace = "",
    kubeconfig: Kubeconfig = None,
) -> None:
    """Show which words of a text speak for a label, and which against it."""
    target = cluster(namespace, kubeconfig)
    endpoint = f"{url or gateway_url(target)}/models/{target.namespace}/{model}/v1/explain"
    asked = {"text": text} | ({"label": label} if label else {})
    for line in shown(explained(endpoint, asked), top):
        out.print(line)


def explained(endpoint: str, asked: dict[str, str]) -> dict[str, Any]:
    """The server's explanation. Raises UsageError with its own sentence where it refuses."""
    try:
        answer = httpx.post(endpoint, json=asked, timeout=_TIMEOUT_S)
    except httpx.HTTPError as error:
        raise UsageError(f"{endpoint} does not answer: {error or type(error).__name__}") from error
    if answer.is_success:
        found: dict[str, Any] = answer.json()
        return found
    try:
        sentence = str(answer.json()["error"]["message"])
    except (ValueError, KeyError, TypeError):
        sentence = answer.text[:500]
    raise UsageError(f"refused with {answer.status_code}: {sentence}")


def shown(explanation: dict[str, Any], top: int) -> list[str]:
    """The answer, then the weightiest parts with a bar each; ``+`` speaks for the label. Pure."""
    head = f"{explanation['label']} {explanation['probability']:.3f} ({explanation['version']})"
    parts: Sequence[dict[str, Any]] = explanation["attributions"]
    ranked = sorted(parts, key=lambda part: -abs(part["weight"]))[:top]
    largest = max((abs(part["weight"]) for part in ranked), default=0.0) or 1.0
    return [head, *(_line(part, largest) for part in ranked)]


def _line(part: dict[str, Any], largest: float) -> str:
    weight = part["weight"]
    bar = ("+" if weight >= 0 else "-") * round(_BAR * abs(weight) / largest)
    return f"{weight:+8.2f}  {bar:<{_BAR}}  {part['text']}"
