"""What there is to build, and what each image is made of."""

from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
DOCKERFILE = CHECKOUT / "images" / "Dockerfile"
PROJECT = (
    "pyproject.toml",
    "uv.lock",
    "README.md",
    "LICENSE",
    "images/cuda-packages.txt",
    "images/export_requirements.sh",
)
SHARED = ("crds/pharos_api", "store/pharos_store")
ANALYSIS = "analysis/pharos_analysis"


@dataclass(frozen=True, slots=True)
class Target:
    """A stage of the Dockerfile: its name, the paths it copies and its build arguments."""

    name: str
    inputs: tuple[str, ...]
    arguments: tuple[tuple[str, str], ...] = ()


def python_target(name: str, *more: str) -> Target:
    """An image with one of the project's packages, the shared ones and the locked dependencies."""
    return Target(name, (*PROJECT, *SHARED, *more, f"{name}/pharos_{name}"))


def jobs_target(torch: str) -> Target:
    """The image of the jobs; on a machine without a GPU it leaves out what only a GPU needs."""
    files = ("slim_torch.py", "install_jobs.sh")
    inputs = (*python_target("jobs", ANALYSIS).inputs, *(f"images/{name}" for name in files))
    return Target("jobs", inputs, (("TORCH", torch), ("DEMO", "1")))


def targets(torch: str) -> dict[str, Target]:
    """Every target by name, the slowest first so that it is not what is waited for at the end."""
    listed = (
        jobs_target(torch),
        python_target("serving"),
        python_target("operator", ANALYSIS),
        Target("postgres", ("images/postgres-start.sh",)),
        Target("prometheus", ()),
        Target("gateway", ("images/gateway-requirements.txt",)),
        python_target("console", ANALYSIS),
    )
    return {target.name: target for target in listed}


def torch_variant() -> str:
    """`cuda` on a machine with an NVIDIA GPU, else `cpu`."""
    return "cuda" if Path("/dev/nvidia0").exists() else "cpu"
