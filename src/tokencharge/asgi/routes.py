"""The list of routes that an app is extended by."""

from __future__ import annotations

from starlette.routing import BaseRoute


class Routes(list[BaseRoute]):
    """Routes, which say how an app takes them if they are taken for a router."""

    def __getattr__(self, name: str) -> object:
        raise AttributeError(
            f"payments.routes is a list and has no {name!r}: FastAPI's include_router takes "
            "routers. Write app.routes.extend(payments.routes); what a prefix would be is "
            "TokenCharge(url_prefix=...).",
            name=name,
            obj=self,
        )
