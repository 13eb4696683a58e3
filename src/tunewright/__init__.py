"""Tunewright takes a business from raw tickets to a proven, packaged fine-tuned model."""

from typing import TYPE_CHECKING, Any

from tunewright.core.version import __version__

if TYPE_CHECKING:
    from tunewright.project import Project
    from tunewright.stages.release.load import load

__all__ = ["Project", "__version__", "load"]


def __getattr__(name: str) -> Any:
    # Looked up when first used, so that `tunewright --help` imports neither polars nor torch.
    if name == "Project":
        from tunewright.project import Project

        return Project
    if name == "load":
        from tunewright.stages.release.load import load

        return load
    raise AttributeError(f"module 'tunewright' has no attribute {name!r}")
