"""The environment, `.env`, `NAME_FILE` and secret files -> `Settings`, or every error at once. For the child only."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_origin, get_type_hints

from hooks.config import hook_secrets
from hooks.config.secrets import Sources, mask_userinfo
from hooks.config.settings import SECRETS, Settings
from hooks.events import byte_order_mark
from hooks.events.wording import nearest

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails
    from pydantic_settings import BaseSettings

_SETTINGS = tuple(field.name.upper() for field in fields(Settings))
_OURS = "GLUEHOOK_"
_GIVEN = "GLUEHOOK_EVENT_"  # what command.run gives to its programs, one of which may be gluehook
_DOTENV = Path(".env")


class SettingsFileError(Exception):
    """A source of settings cannot be read; its text is the whole sentence."""


def read(secrets_folder: str) -> tuple[Settings | None, Sources, list[str]]:
    """The settings and where secrets come from; or None and one sentence for each thing that is wrong."""
    try:
        variables = {**_dotenv(), **os.environ}
        values = _named_files(variables)
    except SettingsFileError as error:
        return None, Sources(dict(os.environ), secrets_folder), [str(error)]
    sources = Sources(variables, secrets_folder)
    errors = [*_unknown(variables), *_named_twice(variables)]
    settings = _checked(values, secrets_folder, errors)
    return (None if errors else settings), sources, errors


def _checked(values: Mapping[str, str], secrets_folder: str, errors: list[str]) -> Settings | None:
    from pydantic import ValidationError

    try:
        model = _model(secrets_folder)(**values)
    except ValidationError as error:
        errors += [_sentence(detail) for detail in error.errors()]
    except (OSError, ValueError) as error:  # pydantic-settings' own errors are ValueErrors
        errors.append(f"settings: a file in {secrets_folder} cannot be read: {error}; make it readable or remove it")
    else:
        return Settings(**model.model_dump())
    return None


def _model(secrets_folder: str) -> Callable[..., BaseSettings]:
    """The pydantic model of the dataclass, which stays the only definition."""
    from pydantic import create_model
    from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

    class Environment(BaseSettings):
        model_config = SettingsConfigDict(
            env_file=_DOTENV,
            env_file_encoding="utf-8-sig",
            env_ignore_empty=True,  # compose's ${NAME:-} is an empty variable, and means the default
            extra="ignore",
            secrets_dir=secrets_folder if Path(secrets_folder).is_dir() else None,
        )

        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],  # noqa: ARG003 - pydantic-settings' own signature
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return env_settings, init_settings, dotenv_settings, file_secret_settings

    hints = get_type_hints(Settings, include_extras=True)
    shape: dict[str, Any] = {field.name: (_validated(hints[field.name]), field.default) for field in fields(Settings)}
    return create_model("Settings", __base__=Environment, **shape)


def _validated(hint: Any) -> Any:
    from pydantic import AfterValidator

    if get_origin(hint) is not Annotated:
        return hint
    kind, check = get_args(hint)
    return Annotated[kind, AfterValidator(check)]


def _dotenv() -> dict[str, str]:
    """The variables of `.env` in the working directory. Raises SettingsFileError."""
    from dotenv.main import dotenv_values
    from dotenv.parser import parse_stream

    if not _DOTENV.is_file():
        return {}
    try:
        text = byte_order_mark.decoded(_DOTENV.read_bytes())
        bad = [binding.original.line for binding in parse_stream(StringIO(text)) if binding.error]
    except (OSError, ValueError) as error:
        raise SettingsFileError(
            f"settings: {_DOTENV.resolve()} cannot be read: {error}; make it readable UTF-8"
        ) from None
    if bad:
        raise SettingsFileError(
            f"settings: {_DOTENV.resolve()} line {bad[0]} makes no sense; write NAME=value, or # before it"
        )
    return {name: value for name, value in dotenv_values(_DOTENV, encoding="utf-8-sig").items() if value is not None}


def _named_files(variables: Mapping[str, str]) -> dict[str, str]:
    """The settings whose value stands in the file that NAME_FILE names. Raises SettingsFileError."""
    values = {}
    for name in _SETTINGS:
        file = variables.get(f"{name}_FILE")
        if file and f"{name}_FILE" not in _SETTINGS:
            try:
                values[name.lower()] = byte_order_mark.decoded(Path(file).read_bytes()).strip()
            except (OSError, ValueError) as error:
                reason = f"settings: {name}_FILE names {file}, which cannot be read: {error}"
                raise SettingsFileError(f"{reason}; correct the path, or set {name} itself") from None
    return values


def _unknown(variables: Mapping[str, str]) -> Iterator[str]:
    known = {file for name in (*_SETTINGS, *SECRETS) for file in (name, f"{name}_FILE")}
    for name in sorted(variables):
        is_given = name.startswith(_GIVEN) or hook_secrets.is_of_a_hook(name.upper())
        if name.upper().startswith(_OURS) and name.upper() not in known and not is_given:
            near = nearest(name.upper(), (one for one in known if one.startswith(_OURS)))
            hint = f"did you mean {near}?" if near else f"there are {', '.join(_of_ours())}."
            yield f"settings: {name} is no setting of gluehook; {hint} Rename it or take it out"


def _of_ours() -> list[str]:
    return [name for name in (*_SETTINGS, *SECRETS) if name.startswith(_OURS)]


def _named_twice(variables: Mapping[str, str]) -> Iterator[str]:
    for name in (*_SETTINGS, *SECRETS):
        if variables.get(name) and variables.get(f"{name}_FILE"):
            yield f"settings: {name} and {name}_FILE are both set; remove one of them"


def _sentence(error: ErrorDetails) -> str:
    name, value = str(error["loc"][0]).upper(), repr(error["input"])
    if name.endswith("_URL") and "@" in value:  # what is wrong may be the user or the password itself
        begin = value[: value.index("://") + 3] if "://" in value else "'"
        value = f"{begin}***@{value.rpartition('@')[2]}"
    if name.endswith("_USERNAME"):  # a password may follow its colon
        value = f"{value.partition(':')[0]}:***'"
    value = mask_userinfo(value)[:100]
    if error["type"] == "literal_error":
        advice = f"write {error['ctx']['expected']}"
    elif error["type"] == "value_error":
        advice = str(error["ctx"]["error"])
    elif error["type"].startswith("bool"):
        advice = "write true or false"
    else:
        advice = error["msg"]
    return f"settings: {name} is {value}: {advice}"
