"""An option that the environment and the settings files may set, too."""

import os
from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import wraps
from typing import Any, TypeVar, cast

import click
from click.core import ParameterSource

from batch_credits.cli.settable import PREFIX
from batch_credits.errors import LEFT_OUT, UsageError

QUARANTINE = f"{PREFIX}QUARANTINE"  # no option: a choice of whoever knows the site, not of a run; and so is
LEASE = f"{PREFIX}LEASE"
WINDOW = f"{PREFIX}WINDOW"  # for tests against a sandbox
PROBLEMS = f"{__name__}.problems"  # where a context gathers what is wrong, for a command that says all of it: a list
BROKEN = f"{__name__}.broken"  # and the options that have none but their defaults for it: a set
FILES = f"{__name__}.files"  # where a context remembers which file set which option,
UNEXPOSED = f"{__name__}.unexposed"  # and the values of those that the command itself is not given

F = TypeVar("F", bound=Callable[..., Any])


def _stand_in(parameter: click.Parameter) -> str:
    from batch_credits.cli.values import stand_in  # which loads much: completion needs none of it

    return stand_in(parameter)


class Setting(click.Option):
    """An option whose value is never empty. An empty one comes of an unset variable in some script, and to pass over
    it could be to pass over a limit."""

    @property
    def flag(self) -> str:
        """Its long name."""
        return next(name for name in self.opts if name.startswith("--"))

    def source_in(self, context: click.Context) -> str | None:
        """The variable or the file that it comes from; None: from the command line, or nowhere."""
        match context.get_parameter_source(self.name or ""):
            case ParameterSource.ENVIRONMENT:
                return str(self.envvar)
            case ParameterSource.DEFAULT_MAP:
                return str(context.meta[FILES][self.flag])
            case _:
                return None

    def shown(self, text: str) -> str:
        """What people are shown of its value."""
        return text

    def set_elsewhere(self, context: click.Context) -> tuple[str, str] | None:
        """What a variable or a file sets it to, as text, and which of them, where no value was looked at yet, as while
        help is shown. The environment beats the files."""
        text = os.environ.get(str(self.envvar))
        if text is not None:
            return self.shown(text), str(self.envvar)
        said = context.lookup_default(self.name or "", call=False)
        source = context.meta.get(FILES, {}).get(self.flag)
        if said is None or source is None:
            return None
        return self.shown(", ".join(said) if isinstance(said, list) else str(said)), str(source)

    def resolve_envvar_value(self, ctx: click.Context) -> str | None:
        """The variable's text, if there is one; it is asked for where the command line says nothing."""
        text = os.environ.get(str(self.envvar))
        if text is not None and not ctx.resilient_parsing and self._is_empty(text):
            raise UsageError(
                f"{self.envvar} is set, but empty.",
                hint="Give it a value, or unset it; or say here what is meant:",
                remedies=[((self.flag, _stand_in(self)),)],
            )
        return super().resolve_envvar_value(ctx)

    def handle_parse_result(
        self, ctx: click.Context, opts: Mapping[str, Any], args: list[str]
    ) -> tuple[Any, list[str]]:
        """Read it. What is wrong with it and was not typed is one more problem where they are gathered, and it has its
        default then."""
        try:
            return super().handle_parse_result(ctx, opts, args)
        except (click.UsageError, UsageError) as error:
            problems: list[Exception] | None = ctx.meta.get(PROBLEMS)
            if problems is None or ctx.get_parameter_source(self.name or "") is ParameterSource.COMMANDLINE:
                raise
            problems.append(error)
            ctx.meta.setdefault(BROKEN, set()).add(self.flag)
            default = self.default if isinstance(self.default, str | int | float | os.PathLike) else None
            if self.expose_value and self.name is not None:
                ctx.params[self.name] = default
            return default, args

    def consume_value(self, ctx: click.Context, opts: Mapping[str, Any]) -> tuple[Any, ParameterSource]:
        """The value, and where it comes from."""
        value, source = super().consume_value(ctx, opts)
        if source in (ParameterSource.COMMANDLINE, ParameterSource.DEFAULT_MAP) and not ctx.resilient_parsing:
            texts = value if isinstance(value, list | tuple) else [value]
            if not texts or any(isinstance(text, str) and self._is_empty(text) for text in texts):
                raise UsageError(
                    f"{self.flag} has an empty value.",
                    hint="Give it one, or leave it out:",
                    remedies=[((self.flag, _stand_in(self)),), ((self.flag, LEFT_OUT),)],
                )
        return value, source

    def process_value(self, ctx: click.Context, value: Any) -> Any:
        """The value as the command takes it; what is wrong with it is said with where it comes from."""
        try:
            return super().process_value(ctx, value)
        except click.BadParameter as error:
            source = self.source_in(ctx)
            if source is None:
                raise
            raise click.BadParameter(f"{error.message} It comes from {source}.", ctx, self) from None

    def _is_empty(self, text: str) -> bool:
        return not (text.strip() if self.multiple else text)  # one blank may be meant: as a delimiter


class Secret(Setting):
    """A setting whose value may hold a secret, as an address does that lets in whoever knows it: nobody is shown it."""

    def shown(self, text: str) -> str:
        """That there is one."""
        return "(not shown)"


def option(*names: str, **attributes: Any) -> Callable[[F], F]:
    """An option that the environment may set too, as `BATCH_CREDITS_<OPTION>`."""
    long = next(name for name in names if name.startswith("--")).partition("/")[0]
    attributes.setdefault("envvar", PREFIX + long[2:].replace("-", "_").upper())
    attributes.setdefault("cls", Setting)
    return click.option(*names, **attributes)


def apply(*decorators: Callable[[F], F]) -> Callable[[F], F]:
    """Several options as one decorator, shown in the order given."""

    def decorate(command: F) -> F:
        for decorator in reversed(decorators):
            command = decorator(command)
        return command

    return decorate


def chosen_as(kind: type[Any], name: str) -> Callable[[F], F]:
    """The options that are named like the fields of a frozen dataclass come to the command as one object of that kind,
    under this name. A field whose option the command does not have keeps its default. What stands above may be part of
    what stands below."""
    names = [field.name for field in fields(kind)]

    def decorate(command: F) -> F:
        @wraps(command)
        def called(**chosen: Any) -> Any:
            group = kind(**{each: chosen.pop(each) for each in names if each in chosen})
            return command(**chosen, **{name: group})

        return cast(F, called)

    return decorate


def seconds_of(variable: str, usual: float, least: float) -> float:
    """What this variable says; it has no option.

    Raises:
        UsageError: it is no number of seconds, or less than the least.
    """
    text = os.environ.get(variable)
    if text is None:
        return usual
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not least <= seconds <= 86_400:
        raise UsageError(f"{variable} is {text!r}; it must be seconds, such as {usual:.0f}.")
    return seconds
