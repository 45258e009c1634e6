"""A call as it is frozen beside its body: the headers that change what it does.

An idempotency key stands for one call, so what is sent again under it has the headers of the first time, whatever the
options of the later run. The texts are those of Chargebee's API docs, "add promotional credits", request headers.
"""

from base64 import b64encode

import orjson

from batch_credits.settings import RunSettings

ENTITY_HEADER = "chargebee-business-entity-id"
_ORIGIN = "chargebee-request-origin-"


def call_of(settings: RunSettings) -> str:
    """What a run's options make of a call, as canonical JSON: header names and their values."""
    headers = {f"chargebee-event-{kind}": "all-disabled" for kind in settings.silence}
    if settings.business_entity_id:
        headers[ENTITY_HEADER] = settings.business_entity_id
    if user := settings.origin_user:
        # An address beyond ASCII goes as Base64 of its UTF-8.
        encoded = b64encode(user.encode()).decode()
        headers |= {f"{_ORIGIN}user": user} if user.isascii() else {f"{_ORIGIN}user-encoded": encoded}
    if settings.origin_device:
        headers[f"{_ORIGIN}device"] = settings.origin_device
    if settings.origin_ip:
        headers[f"{_ORIGIN}ip"] = settings.origin_ip
    return orjson.dumps(headers, option=orjson.OPT_SORT_KEYS).decode()


def call_for(business_entity_id: str | None) -> str:
    """The call of a run with no other option than this business entity: what is asked about goes by it alone."""
    return call_of(RunSettings(business_entity_id=business_entity_id))


def for_entity(entity: str | None) -> str:
    """For whom something is, in words: `for business entity emea`, or `without a business entity`."""
    return f"for business entity {entity}" if entity else "without a business entity"


def entity_option(entity: str | None) -> str:
    """By what a command is run so: `with --business-entity emea`, or `without --business-entity`."""
    return f"with --business-entity {entity}" if entity else "without --business-entity"


def headers_of(call: str) -> dict[str, str]:
    """The headers of which `call_of` made this text."""
    headers: dict[str, str] = orjson.loads(call)
    return headers
