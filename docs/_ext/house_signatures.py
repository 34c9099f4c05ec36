"""Signatures and types as the reference shows them."""

from __future__ import annotations

import enum
import inspect

import attrs

_WIDE = 88
_MARKS: dict[object, str] = {
    inspect.Parameter.VAR_POSITIONAL: "*",
    inspect.Parameter.VAR_KEYWORD: "**",
}


def signature_of(value: object) -> str:
    """Write how something is called, a parameter a line where that is long; empty where
    nobody calls it."""
    plain = getattr(value, "__func__", value)
    if isinstance(plain, type) and (
        issubclass(plain, enum.Enum) or getattr(plain, "_is_protocol", False)
    ):
        return ""
    signature = inspect.signature(plain)  # type: ignore[arg-type]
    parameters = [
        each
        for position, each in enumerate(signature.parameters.values())
        if position or each.name not in ("self", "cls")
    ]
    written = _parameters(parameters)
    returned = signature.return_annotation
    arrow = (
        ""
        if isinstance(plain, type) or returned is inspect.Signature.empty
        else f" -> {_annotation(returned)}"
    )
    line = f"({', '.join(written)}){arrow}"
    if len(line) <= _WIDE - 24:
        return line
    return "(\n" + "".join(f"    {each},\n" for each in written) + f"){arrow}"


def type_of(owner: object, field: str = "") -> str:
    """Write the type of a property, or of a field of a class, as code; empty where none
    is told."""
    if isinstance(owner, property):
        found = inspect.signature(owner.fget).return_annotation if owner.fget else ""
    else:
        found = next(
            (
                inspect.get_annotations(each)[field]
                for each in getattr(owner, "__mro__", ())
                if field in inspect.get_annotations(each)
            ),
            "",
        )
        if not found and isinstance(inspect.getattr_static(owner, field, None), property):
            return type_of(inspect.getattr_static(owner, field))
    return f"`{_annotation(found)}`" if found and found is not inspect.Signature.empty else ""


def _parameters(parameters: list[inspect.Parameter]) -> list[str]:
    written: list[str] = []
    star = False
    for each in parameters:
        if each.kind is each.KEYWORD_ONLY and not star:
            written.append("*")
        star = star or each.kind in (each.KEYWORD_ONLY, each.VAR_POSITIONAL)
        mark = _MARKS.get(each.kind, "")
        typed = "" if each.annotation is each.empty else f": {_annotation(each.annotation)}"
        equals = " = " if typed else "="
        default = "" if each.default is each.empty else f"{equals}{_default(each.default)}"
        written.append(f"{mark}{each.name}{typed}{default}")
    return written


def _annotation(annotation: object) -> str:
    return annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)


def _default(value: object) -> str:
    """Write a default as its source would, or dots if it is made anew for each call."""
    if isinstance(value, enum.Enum):
        return f"{type(value).__name__}.{value.name}"
    if isinstance(value, type):
        return value.__name__
    if inspect.isbuiltin(value):
        return f"{value.__module__}.{value.__name__}"
    made = value is attrs.NOTHING or " at 0x" in repr(value) or repr(value).startswith("Factory(")
    return "..." if made else repr(value)
