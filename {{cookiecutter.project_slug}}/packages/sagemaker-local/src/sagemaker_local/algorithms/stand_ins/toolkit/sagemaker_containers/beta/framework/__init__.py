"""What a model's script imports. Modules that scripts import and never use are there, and empty."""

from __future__ import annotations

import types

from . import content_types, encoders, errors, worker

__all__ = ["content_types", "encoders", "env", "errors", "modules", "transformer", "worker"]


class _Empty(types.ModuleType):
    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)
        raise ImportError(
            f"{self.__name__}.{name} is in SageMaker's images and not here, where a stand-in has "
            "content_types, encoders and worker; read os.environ['SM_...'] instead"
        )


env = _Empty(f"{__name__}.env")
modules = _Empty(f"{__name__}.modules")
transformer = _Empty(f"{__name__}.transformer")
